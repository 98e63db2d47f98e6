from domain.differences import differences, first_difference


def told(before, after):
    return {each.path: (each.before, each.after) for each in differences(before, after)}


def test_equal_answers_have_no_difference():
    answer = {"a": [1, {"b": None}], "c": {"d": "e"}}
    assert told(answer, {"c": {"d": "e"}, "a": [1, {"b": None}]}) == {}
    assert first_difference(answer, answer) is None


def test_a_member_that_differs_is_named_by_its_way():
    assert told({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}) == {"a/c": (2, 3)}
    assert told({"a": {}}, {"a": {"b": 0}}) == {"a/b": (None, 0)}
    assert told({"a": 1}, {"a": {"b": 1}}) == {"a": (1, {"b": 1})}


def test_items_are_compared_by_what_they_are_about_not_by_their_place():
    one, two, three = ({"reference": f"H-{n}", "status": "started"} for n in (1, 2, 3))
    assert told([one, two], [one, three, {**two, "status": "slipped"}]) == {
        "H-2/status": ("started", "slipped"),
        "H-3": (None, three),
    }
    assert told([{"programme": "p", "code": "EU", "n": 1}], [{"programme": "p", "code": "EU", "n": 2}]) == {
        "p:EU/n": (1, 2)
    }


def test_several_items_about_the_same_are_told_apart():
    one, two = {"reference": "H-1", "on": "2024-01-01"}, {"reference": "H-1", "on": "2024-02-01"}
    assert told([one], [one, two]) == {"H-1 (2)": (None, two)}


def test_items_without_a_name_go_by_their_place():
    assert told([{"due": "a"}, {"due": "b"}], [{"due": "a"}, {"due": "c"}, {"due": "d"}]) == {
        "2/due": ("b", "c"),
        "3": (None, {"due": "d"}),
    }


def test_another_order_is_a_difference():
    one, two = {"reference": "H-1"}, {"reference": "H-2"}
    assert told({"l": [one, two]}, {"l": [two, one]}) == {"l": (["H-1", "H-2"], ["H-2", "H-1"])}


def test_lists_of_words_are_given_whole():
    assert told({"themes": ["a"]}, {"themes": ["a", "b"]}) == {"themes": (["a"], ["a", "b"])}
    assert told({"themes": []}, {"themes": ["b"]}) == {"themes": ([], ["b"])}
