"""What a net is made of, and where the page draws it."""

from helpers.explored import small

from minifcn.exploring.stages import ancestors, places


def test_a_convolution_its_relu_and_dropout_are_one_stage():
    stages = small("8s").stages
    assert [node.name for node in stages["fc6"].nodes] == ["fc6", "relu6", "drop6"]
    assert (stages["fc6"].blob, stages["fc6"].rectified) == ("drop6", True)
    assert not stages["score_fr"].rectified


def test_every_layer_that_the_answer_needs_is_in_one_stage(opened):
    nodes = [node.name for stage in opened.stages.values() for node in stage.nodes]
    assert nodes == [node.name for node in opened.model.net.needed(["score"])]


def test_stages_read_stages(opened):
    before = set()
    for name, stage in opened.stages.items():
        assert set(stage.bottoms) <= before
        before.add(name)


def test_the_skips_stand_below_the_backbone_as_in_the_papers_figure():
    found = places(small("8s").stages)
    rows = {
        **dict.fromkeys(("data", "conv1_1", "pool3", "fc7", "score_fr", "upscore2"), 0),
        **dict.fromkeys(("score_pool4", "fuse_pool4", "upscore_pool4"), 1),
        **dict.fromkeys(("score_pool3", "fuse_pool3", "upscore8", "score"), 2),
    }
    assert {name: found[name].lane for name in rows} == rows


def test_columns_follow_the_arithmetic(opened):
    found = places(opened.stages)
    for name, stage in opened.stages.items():
        assert all(found[bottom].rank < found[name].rank for bottom in stage.read)


def test_a_block_holds_the_layers_of_a_pooling_or_a_module():
    assert places(small("8s").stages)["pool3"].block == "conv3"
    assert places(small("GoogLeNet").stages)["inception_4e/3x3"].block == "inception_4e"


def test_a_crop_reads_its_second_input_for_the_size_only():
    stages = small("8s").stages
    assert stages["score"].read == ("upscore8",)
    assert "score_pool3" not in ancestors(stages, "fuse_pool4")
