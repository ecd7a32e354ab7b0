"""Which names are those of secrets."""

import pytest

from tunekit_core.secret_names import is_secret_name, mask_secrets, masked

SECRETS = (
    "API_KEY KEY key apikey api-key apiKey APIKey AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY OPENAI_API_KEY2 TOKEN "
    "HF_TOKEN GITHUB_TOKEN authToken accesstoken SECRET client_secret CLIENT_SECRETS PASSWORD DBPASSWORD PGPASSWORD "
    "db_passwd ssh_passphrase GOOGLE_APPLICATION_CREDENTIALS credential DB_PASS DB_PWD BASIC_AUTH"
)
OTHERS = (
    "keyboard KEYBOARD monkey max_tokens num_tokens n_tokens TOKENIZERS_PARALLELISM tokenizer hockey keys passes "
    "bypass secretary author AUTHOR PATH HOME OMP_NUM_THREADS CUDA_VISIBLE_DEVICES compass epochs"
)


@pytest.mark.parametrize("name", SECRETS.split())
def test_these_are(name):
    assert is_secret_name(name)


@pytest.mark.parametrize("name", OTHERS.split())
def test_these_are_not(name):
    assert not is_secret_name(name)


def test_what_is_masked_is_text_and_numbers_under_such_a_name_at_any_depth():
    given = {"API_KEY": "abc", "PIN_TOKEN": 12, "on": {"TOKEN": True, "password": ["x", None]}, "EMPTY_KEY": "", "n": 1}
    assert masked("environment", given) == {
        "API_KEY": "***",
        "PIN_TOKEN": "***",
        "on": {"TOKEN": True, "password": ["***", None]},
        "EMPTY_KEY": "",
        "n": 1,
    }
    assert masked("benchmark.environment.API_KEY", "abc") == "***"


def test_secrets_are_masked_in_a_text_the_longest_first_and_short_ones_stay():
    assert mask_secrets("abcd and abcdef and ab", ["abcd", "abcdef", "ab"]) == "*** and *** and ab"
