"""An error that is told to users is a sentence, whatever it quotes."""

from minifcn.system.mishaps import Mishap


def test_of_an_endless_message_the_beginning_and_the_end_stay():
    text = str(Mishap("photo.jpg is " + "x" * 100_000 + "; save it again"))
    assert text.startswith("photo.jpg is xx") and text.endswith("xx; save it again")
    assert len(text) < 2000
