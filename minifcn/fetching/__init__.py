"""Downloads: what there is, transfers that go on where they broke, archives unpacked safely."""
