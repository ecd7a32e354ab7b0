"""Which names are those of secrets."""

import pytest

from tunekit_core.secret_names import holds_password, is_secret_name, mask_secrets, masked, secrets_of_command

SECRETS = (
    "API_KEY KEY key apikey api-key apiKey APIKey AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY OPENAI_API_KEY2 TOKEN "
    "HF_TOKEN GITHUB_TOKEN authToken accesstoken SECRET client_secret CLIENT_SECRETS PASSWORD DBPASSWORD PGPASSWORD "
    "db_passwd ssh_passphrase GOOGLE_APPLICATION_CREDENTIALS credential DB_PASS DB_PWD BASIC_AUTH"
)
OTHERS = (
    "PWD OLDPWD keyboard KEYBOARD monkey max_tokens num_tokens n_tokens TOKENIZERS_PARALLELISM tokenizer hockey keys "
    "passes bypass secretary author AUTHOR PATH HOME OMP_NUM_THREADS CUDA_VISIBLE_DEVICES compass epochs"
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


@pytest.mark.parametrize(
    "text", ["postgres://me:abc@host/db", "redis://:abc@host", "use https://me:a@b:c@host, please", "[git+ssh://a:b@c]"]
)
def test_a_url_with_a_password_is_a_secret_whatever_its_name(text):
    assert holds_password(text)
    assert masked("environment", {"DB": text, "on": [text]}) == {"DB": "***", "on": ["***"]}


@pytest.mark.parametrize(
    "text",
    [
        "http://host:80/a@b",
        "ssh://git@host:22/a",
        "git@host:a/b",
        "mailto:me@host",
        "postgres://me:***@host",
        "postgres://me:${oc.env:PW}@host",
        "https://${oc.env:TOKEN}:x@host",
        "C://a b:c@d",
    ],
)
def test_these_hold_no_password(text):
    assert not holds_password(text)
    assert mask_secrets(text, []) == text


def test_urls_with_passwords_are_masked_in_a_text():
    text = "cannot open 'postgres://me:abc@host/db?a=b', nor [redis://:abc@host,http://host/a]"
    assert mask_secrets(text, []) == "cannot open '***', nor [***,http://host/a]"


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("python train.py --api-key abc", ["--api-key"]),
        ("python train.py --api_key=abc --hf-token abc -password abc", ["--api_key", "--hf-token", "-password"]),
        ("env API_KEY=abc python train.py model.secret=abc", ["API_KEY", "model.secret"]),
        ("sh -c 'python train.py --dbPassword \"a b\"'", ["--dbPassword"]),
        ("python train.py redis://:abc@host", ["a URL with a password"]),
    ],
)
def test_what_in_a_command_is_surely_a_secret(command, arguments):
    assert [argument for argument, _ in secrets_of_command(command)] == arguments


@pytest.mark.parametrize(
    "arguments",
    [
        *(
            "--max-tokens 5",
            "--token-dim 8",
            "--secret-size",
            "--secret 3e-4",
            "--num-key=8",
            "--use-auth",
            "--no-auth -v",
        ),
        *("--key-file a", "--token-type bearer", "--private-key key.pem", "--key /run/secrets/key", "--token ~/token"),
        *(
            "--auth true",
            "--token None",
            "--pad-token [PAD]",
            "--eos-token '<eos>'",
            "--api-key $API_KEY",
            "--keyboard a",
        ),
        *("token", "train.py key secret", "-k abc", "http://host:80/a@b", "--tokenizer abc", "--password="),
    ],
)
def test_what_may_be_none_is_left_alone(arguments):
    assert secrets_of_command(f"python train.py {arguments}") == []
