"""What SageMaker would refuse is found before a request is sent."""

import copy

import pytest
from botocore.exceptions import ParamValidationError
from botocore.validate import ParamValidator

from tunekit_core import ConfigurationError
from tunekit_sagemaker.aws.limits import RequestRefused, check_request, require_valid, service_model

USED = (
    "CreateTrainingJob",
    "DescribeTrainingJob",
    "StopTrainingJob",
    "ListTrainingJobs",
    "Search",
    "ListTags",
    "AddTags",
    "DeleteTrainingJob",
    "UpdateTrainingJob",
)


def request(**changes):
    """A request that is fine, with some members replaced; ``None`` leaves one out."""
    fine = {
        "TrainingJobName": "asha-0-7-0",
        "RoleArn": "arn:aws:iam::123456789012:role/tunekit",
        "AlgorithmSpecification": {"TrainingImage": "image:1", "TrainingInputMode": "File"},
        "HyperParameters": {"lr": "0.1"},
        "Environment": {"TUNEKIT_RUN": "0"},
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/output"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        "Tags": [{"Key": "tunekit:trial", "Value": "7"}],
    }
    return {name: value for name, value in {**fine, **copy.deepcopy(changes)}.items() if value is not None}


def test_a_request_that_is_fine_has_no_problem():
    assert check_request("CreateTrainingJob", request()) == []


PATTERN = "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"TrainingJobName": "a_b"},
            "Value 'a_b' at 'trainingJobName' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {PATTERN}",
        ),
        (
            {"TrainingJobName": "a\n"},
            "Value 'a\n' at 'trainingJobName' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {PATTERN}",
        ),
        (
            {"TrainingJobName": None},
            "Value null at 'trainingJobName' failed to satisfy constraint: Member must not be null",
        ),
        (
            {"TrainingJobName": 7},
            "Value '7' at 'trainingJobName' failed to satisfy constraint: Member must be of type string",
        ),
        (
            {"OutputDataConfig": {}},
            "Value null at 'outputDataConfig.s3OutputPath' failed to satisfy constraint: Member must not be null",
        ),
        (
            {"HyperParameters": {str(number): "1" for number in range(101)}},
            "Value at 'hyperParameters' failed to satisfy constraint: "
            "Member must have length less than or equal to 100",
        ),
        (
            {"HyperParameters": {"lr": 0.1}},
            "Value at 'hyperParameters.lr.value' failed to satisfy constraint: Member must be of type string",
        ),
        (
            {"HyperParameters": {"lr": "1" * 257}},
            "Value at 'hyperParameters.lr.value' failed to satisfy constraint: "
            "Member must have length less than or equal to 256",
        ),
        (
            {"HyperParameters": {"lr": "1" * 2501}},
            "Value at 'hyperParameters.lr.value' failed to satisfy constraint: "
            "Member must have length less than or equal to 2500",
        ),
        (
            {"Environment": {"A-B": "1"}},
            "Value 'A-B' at 'environment.key' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z_][a-zA-Z0-9_]*",
        ),
        (
            {"Environment": {"TOKEN": "x" * 513}},
            "Value at 'environment.TOKEN.value' failed to satisfy constraint: "
            "Member must have length less than or equal to 512",
        ),
        (
            {"InputDataConfig": []},
            "Value at 'inputDataConfig' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1",
        ),
        (
            {"Tags": [{"Key": "a", "Value": "b"}, {"Key": "what?", "Value": "b"}]},
            "Value 'what?' at 'tags.2.member.key' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: ([\p{L}\p{Z}\p{N}_.:/=+\-@]*)",
        ),
        (
            {"AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "file"}},
            "Value 'file' at 'algorithmSpecification.trainingInputMode' failed to satisfy constraint: "
            "Member must satisfy enum value set: [Pipe, File, FastFile]",
        ),
        (
            {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "KeepAlivePeriodInSeconds": 21601}},
            "Value '21601' at 'resourceConfig.keepAlivePeriodInSeconds' failed to satisfy constraint: "
            "Member must have value less than or equal to 21600",
        ),
        (
            {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": True}},
            "Value 'True' at 'resourceConfig.instanceCount' failed to satisfy constraint: "
            "Member must be of type integer",
        ),
        (
            {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 0}},
            "Value '0' at 'resourceConfig.instanceCount' failed to satisfy constraint: "
            "Member must have value greater than or equal to 1",
        ),
        (
            {"ResourceConfig": {"InstanceType": "ml.m5.large"}},
            "Value null at 'resourceConfig.instanceCount' failed to satisfy constraint: Member must not be null",
        ),
        (
            {"ResourceConfig": {"InstanceCount": 1}},
            "Value null at 'resourceConfig.instanceType' failed to satisfy constraint: Member must not be null",
        ),
        (
            {"ResourceConfig": None},
            "Value null at 'resourceConfig' failed to satisfy constraint: Member must not be null",
        ),
        (
            {"AlgorithmSpecification": {"TrainingInputMode": "File"}},
            "Exactly one of 'trainingImage' and 'algorithmName' of 'algorithmSpecification' has to be set",
        ),
        (
            {"StoppingCondition": {"MaxRuntimeInSeconds": 28 * 86400 + 1}},
            "Value '2419201' at 'stoppingCondition.maxRuntimeInSeconds' failed to satisfy constraint: "
            "Member must have value less than or equal to 2419200",
        ),
        (
            {"StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60}},
            "'maxWaitTimeInSeconds' is supported with 'enableManagedSpotTraining' alone: leave it out",
        ),
        (
            {
                "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 59},
                "EnableManagedSpotTraining": True,
            },
            "'maxWaitTimeInSeconds' (59) has to be at least 'maxRuntimeInSeconds' (60)",
        ),
        (
            {"StoppingCondition": {"MaxRuntimeInSeconds": 60}, "EnableManagedSpotTraining": True},
            "'maxWaitTimeInSeconds' has to be set with 'enableManagedSpotTraining'",
        ),
        (
            {
                "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "KeepAlivePeriodInSeconds": 60},
                "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60},
                "EnableManagedSpotTraining": True,
            },
            "'keepAlivePeriodInSeconds' is not supported with 'enableManagedSpotTraining': set one of them",
        ),
        (
            {
                "ResourceConfig": {"InstancePreferences": [{"InstanceType": "ml.m5.large"}], "InstanceCount": 1},
                "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60},
                "EnableManagedSpotTraining": True,
            },
            "'instancePreferences' is not supported with 'enableManagedSpotTraining': set one of them",
        ),
        (
            {"ResourceConfig": {"InstancePreferences": [{"InstanceType": "ml.m5.large"}] * 2, "InstanceCount": 1}},
            "'ml.m5.large' appears more than once in 'resourceConfig.instancePreferences'",
        ),
        (
            {"ResourceConfig": {"InstancePreferences": [{"InstanceType": "ml.m5.large"}]}},
            "'instanceCount' has to be set in 'resourceConfig', or in each of 'instancePreferences', and not in both",
        ),
    ],
)
def test_each_problem_is_one_text_that_names_the_member(changes, problem):
    assert check_request("CreateTrainingJob", request(**changes)) == [problem]


def test_an_unknown_member_is_refused_with_the_close_one():
    [problem] = check_request("CreateTrainingJob", request(HyperParameter={"lr": "0.1"}))
    assert problem.startswith("Unknown member 'HyperParameter': did you mean HyperParameters? Members are ")


def test_a_nested_unknown_member_is_refused():
    changed = request(OutputDataConfig={"S3OutputPath": "s3://bucket/output", "Bucket": "b"})
    [problem] = check_request("CreateTrainingJob", changed)
    assert problem == (
        "Unknown member 'Bucket' of 'outputDataConfig': Members are KmsKeyId, S3OutputPath, CompressionType"
    )


def test_of_an_enumeration_with_many_values_the_closest_are_shown():
    changed = request(ResourceConfig={"InstanceType": "ml.m5.larg", "InstanceCount": 1})
    [problem] = check_request("CreateTrainingJob", changed)
    assert problem.startswith(
        "Value 'ml.m5.larg' at 'resourceConfig.instanceType' failed to satisfy constraint: "
        "Member must satisfy enum value set: [ml.m5.large, "
    )
    assert problem.endswith(" more]")


def test_values_of_the_environment_are_not_shown():
    changed = request(Environment={"TOKEN": "hidden" * 100})
    assert "hiddenhidden" not in "".join(check_request("CreateTrainingJob", changed))


@pytest.mark.parametrize(
    "resources",
    [
        {"InstanceGroups": [{"InstanceType": "ml.m5.large", "InstanceCount": 1, "InstanceGroupName": "a"}]},
        {"InstancePreferences": [{"InstanceType": "ml.m5.large", "InstanceCount": 1}]},
        {"InstancePreferences": [{"InstanceType": "ml.m5.large"}], "InstanceCount": 2},
    ],
)
def test_groups_and_preferences_say_the_number_of_instances(resources):
    assert check_request("CreateTrainingJob", request(ResourceConfig=resources)) == []


def test_a_name_of_63_characters_is_the_longest():
    assert check_request("CreateTrainingJob", request(TrainingJobName="a" * 63)) == []
    problems = check_request("CreateTrainingJob", request(TrainingJobName="a" * 64))
    assert problems[0].endswith("Member must have length less than or equal to 63")


def test_letters_of_any_script_are_allowed_in_tags():
    assert check_request("CreateTrainingJob", request(Tags=[{"Key": "größe", "Value": "五 mm"}])) == []


def test_require_valid_names_all_problems():
    with pytest.raises(
        RequestRefused, match=r"2 validation errors: .*'outputDataConfig'.*; .*'trainingJobName'"
    ) as found:
        require_valid("CreateTrainingJob", request(TrainingJobName="a_b", OutputDataConfig=None))
    assert len(found.value.problems) == 2
    assert found.value.operation == "CreateTrainingJob"
    assert isinstance(found.value, ConfigurationError)


def test_require_valid_takes_what_is_fine():
    require_valid("StopTrainingJob", {"TrainingJobName": "asha-0-7-0"})


@pytest.mark.parametrize("operation", USED)
def test_what_botocore_refuses_is_refused(operation):
    """An empty request, and one with an unknown member, of each operation that is used."""
    shape = service_model().operation_model(operation).input_shape
    for given in ({}, {"NoSuchMember": 1}):
        assert bool(check_request(operation, given)) >= bool(ParamValidator().validate(given, shape).has_errors())


@pytest.mark.parametrize("operation", USED)
def test_every_pattern_of_an_operation_in_use_can_be_checked(operation):
    """Each is Java's; all that are reached compile, which a value of the least length shows."""
    shape = service_model().operation_model(operation).input_shape
    for name, value in examples(shape):
        check_request(operation, {name: value})


def examples(shape, depth=0):
    for name, member in shape.members.items():
        yield name, example(member, depth)


def example(shape, depth):
    kind = shape.type_name
    if kind == "structure":
        return dict(examples(shape, depth + 1)) if depth < 6 else {}
    if kind == "list":
        return [example(shape.member, depth + 1)]
    if kind == "map":
        return {"key": example(shape.value, depth + 1)}
    return {"string": "x", "boolean": True, "timestamp": 0.0}.get(kind, 1)


def test_botocore_alone_takes_what_is_refused_here():
    """Why this module exists: once botocore finds these by itself, it can go."""
    shape = service_model().operation_model("CreateTrainingJob").input_shape
    for changes in ({"TrainingJobName": "a_b"}, {"ResourceConfig": {"InstanceType": "no", "InstanceCount": 0}}):
        report = ParamValidator().validate(request(**changes), shape)
        assert not report.has_errors(), ParamValidationError(report=report.generate_report())
        assert check_request("CreateTrainingJob", request(**changes)) != []
