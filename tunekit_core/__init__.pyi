# What can be imported from tunekit_core, and where it is: the package reads it too.

from .concurrency import PARALLEL_RUNS as PARALLEL_RUNS, parallel_runs as parallel_runs
from .contracts.backends import (
    Backend as Backend,
    BackendEvent as BackendEvent,
    ShowsDevices as ShowsDevices,
    StartFailed as StartFailed,
    TrialEnded as TrialEnded,
    TrialPlaced as TrialPlaced,
    TrialReported as TrialReported,
    UnfinishedTrial as UnfinishedTrial,
)
from .contracts.benchmarks import (
    Benchmark as Benchmark,
    Blackbox as Blackbox,
    Curve as Curve,
    Executable as Executable,
    Script as Script,
    Simulatable as Simulatable,
)
from .contracts.command_checks import check_command as check_command
from .contracts.composers import ResultComposer as ResultComposer
from .contracts.launchers import (
    Launch as Launch,
    LaunchedJob as LaunchedJob,
    LaunchedRun as LaunchedRun,
    Launcher as Launcher,
)
from .contracts.objective import Objective as Objective
from .contracts.observers import Observer as Observer
from .contracts.options import (
    NO_OPTIONS as NO_OPTIONS,
    InputFile as InputFile,
    InputFolder as InputFolder,
    NoOptions as NoOptions,
    option as option,
)
from .contracts.problem import Problem as Problem
from .contracts.run_progress import RunProgress as RunProgress, number_in as number_in
from .contracts.schedulers import (
    ExplainsDecisions as ExplainsDecisions,
    RanksPausedTrials as RanksPausedTrials,
    Scheduler as Scheduler,
    Standing as Standing,
)
from .contracts.searchers import (
    BoundsRegret as BoundsRegret,
    ChoosesTrials as ChoosesTrials,
    Recommends as Recommends,
    RegretBound as RegretBound,
    Searcher as Searcher,
    WeighsBrackets as WeighsBrackets,
)
from .contracts.stopping import StoppingCriterion as StoppingCriterion
from .contracts.trials import (
    COST_ATTRIBUTE as COST_ATTRIBUTE,
    JSON as JSON,
    NO_NOTE as NO_NOTE,
    Cause as Cause,
    Checkpoint as Checkpoint,
    Decision as Decision,
    Note as Note,
    PausedTrial as PausedTrial,
    Promotion as Promotion,
    Proposal as Proposal,
    Report as Report,
    Resume as Resume,
    Scalar as Scalar,
    Start as Start,
    Status as Status,
    Stop as Stop,
    Suggestion as Suggestion,
    Trial as Trial,
)
from .contracts.view import (
    ExperimentView as ExperimentView,
    Failure as Failure,
    Failures as Failures,
    Incumbent as Incumbent,
)
from .engine.ask_tell import AskTell as AskTell, TellError as TellError
from .engine.tuner import Tuner as Tuner, TuningResult as TuningResult
from .errors import (
    ComponentError as ComponentError,
    ConfigurationError as ConfigurationError,
    ExperimentLocked as ExperimentLocked,
    InvalidOption as InvalidOption,
    PluginError as PluginError,
    RecordError as RecordError,
    ReplayError as ReplayError,
    TunekitError as TunekitError,
    TunekitWarning as TunekitWarning,
    UnknownComponentError as UnknownComponentError,
    suggestion as suggestion,
)
from .json_text import as_json as as_json
from .number_text import format_fixed as format_fixed, format_number as format_number
from .plugins.commands import Command as Command
from .plugins.hookspecs import hookimpl as hookimpl
from .plugins.registry import create as create
from .portable import PORTABLE_MODULES as PORTABLE_MODULES
from .portable.script_command import (
    BadCommand as BadCommand,
    literal_word as literal_word,
    placeholders_of as placeholders_of,
    plain_word as plain_word,
    render_command as render_command,
    with_arguments as with_arguments,
)
from .randomness import Streams as Streams, effective_seed as effective_seed, trial_seed as trial_seed
from .records.experiment import ExperimentRecord as ExperimentRecord
from .records.files import write_whole as write_whole
from .records.finding import (
    FoundExperiments as FoundExperiments,
    ListedExperiment as ListedExperiment,
    find_experiments as find_experiments,
)
from .records.load import Experiment as Experiment, load_experiment as load_experiment
from .records.received import receive_experiment as receive_experiment
from .records.set_aside import set_aside as set_aside
from .records.trial_folders import check_trials_folder as check_trials_folder, trials_folder as trials_folder
from .secret_names import is_secret as is_secret, mask_secrets as mask_secrets
from .space import (
    Configuration as Configuration,
    ConfigurationTable as ConfigurationTable,
    Domain as Domain,
    Listed as Listed,
    SearchSpace as SearchSpace,
    choice as choice,
    finrange as finrange,
    logfinrange as logfinrange,
    lograndint as lograndint,
    loguniform as loguniform,
    ordinal as ordinal,
    parse_domain as parse_domain,
    randint as randint,
    reverseloguniform as reverseloguniform,
    uniform as uniform,
)
from .threads import (
    THREAD_VARIABLES as THREAD_VARIABLES,
    changes_for_trials as changes_for_trials,
    single_threaded as single_threaded,
)

__version__: str
