import re

import pytest

from tunekit_core import ConfigurationError
from tunekit_sagemaker.code.requirements import RequirementsFile, union_of_requirements


def union(*texts):
    return union_of_requirements([RequirementsFile(f"{i}.txt", text) for i, text in enumerate(texts)]).splitlines()


def test_all_that_is_required_is_required():
    assert union("six\nattrs>=23", "numpy") == ["attrs>=23", "numpy", "six"]


def test_requirements_of_one_distribution_become_one():
    assert union("Foo_Bar>=1", "foo-bar[a]<3", "foo.bar[b]!=2") == ["Foo_Bar[a,b]!=2,<3,>=1"]


def test_requirements_under_other_conditions_stay_apart():
    text = "six==1; python_version < '3.9'\nsix==2; python_version >= '3.9'"
    assert union(text, "six!=1.5; python_version<'3.9'") == [
        'six!=1.5,==1; python_version < "3.9"',
        'six==2; python_version >= "3.9"',
    ]


def test_comments_blank_lines_and_continued_lines_are_read_as_pip_reads_them():
    assert union("# all\n\n  six  # small\nattrs>=23,\\\n  <25\ngit+https://h/u#egg=1") == [
        "git+https://h/u#egg=1",
        "attrs<25,>=23",
        "six",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://host/simple",
        "-r other.txt",
        "-e .",
        "./wheels/tiny-1.0-py3-none-any.whl",
        "wheels/tiny-1.0-py3-none-any.whl",
        "tiny-1.0-py3-none-any.whl",
        "git+https://host/repository@main#egg=x",
        "https://host/x.tar.gz",
        "six==1.17.0 --hash=sha256:abc",
    ],
)
def test_what_is_no_name_stays_as_it_is_and_comes_first(line):
    assert union("attrs", line, line) == [line, "attrs"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("six<1.17", "six==1.17.0"),
        ("six==1", "six==2"),
        ("six>=2", "six<2"),
        ("six>2", "six<=2"),
        ("six~=1.4", "six>=2"),
        ("six==1.*", "six==2.*"),
        ("six==1.17", "Six!=1.17"),
        ("six===a", "six===b"),
        ("six @ https://h/1", "six @ https://h/2"),
        ("six[a]==1", "six[b]>1"),
    ],
)
def test_a_contradiction_names_both_lines(one, other):
    message = f"No version fulfils `{one}` (0.txt, line 1) and `{other}` (1.txt, line 2). Change one of them."
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        union(one, f"# other\n{other}")


def test_a_line_that_contradicts_itself_is_named():
    with pytest.raises(
        ConfigurationError, match=re.escape("No version fulfils `six<1.17,==1.17.0` (0.txt, line 1). Ch")
    ):
        union("six<1.17,==1.17.0")


@pytest.mark.parametrize(
    "text",
    [
        "six<2,>1",
        "six>1.0,<1.1",
        "six>=1.0a1",
        "six>1.0a1,<1.0b1",
        "six>1.0.post1,<1.0.post3",
        "six<1",
        "six<0.1",
        "six!=1,==1.*",
        "six==1.2.*,>1.2.5",
        "six~=1.4.2,!=1.4.2",
        "six>=1.0.dev3,<1.0.dev9",
        "six==2.3.0+cu121,>=2.3",
        "six<=2,>=2",
        "six>2021.1,<2022",
        "six!=1.0,!=1.1,>=1.0,<2",
        "six===a",
        "six<3,!=2.0,>=2.0",
        "six==1!1.0,>0",
    ],
)
def test_what_some_version_fulfils_is_no_contradiction(text):
    assert len(union(text)) == 1


def test_an_address_says_which_version_it_is():
    (line,) = union("six @ https://h/six.whl", "six[x]>=1")
    assert line.replace(" ", "") == "six[x]@https://h/six.whl"  # there was no blank in older versions of packaging


def test_a_line_that_pip_does_not_read_is_told():
    message = "`six == ` (0.txt, line 2) is no requirement: "
    with pytest.raises(ConfigurationError, match=re.escape(message.replace("== `", "==`"))):
        union("attrs\nsix == ")
