"""Monte Carlo dropout: many samples of every prediction, and what they say about it."""

from ._batch_bald import Acquisition as Acquisition
from ._batch_bald import batch_bald as batch_bald
from ._calibration import Calibration as Calibration
from ._calibration import CalibrationBin as CalibrationBin
from ._calibration import calibration as calibration
from ._measures import Measure as Measure
from ._measures import measured as measured
from ._moments import entropy as entropy
from ._out_of_distribution import Detection as Detection
from ._out_of_distribution import out_of_distribution as out_of_distribution
from ._predict import LEAST as LEAST
from ._predict import predict as predict
from ._prediction import Masks as Masks
from ._prediction import Point as Point
from ._prediction import Prediction as Prediction
from ._prediction import Task as Task
from ._probabilities import Of as Of
from ._risk_coverage import RiskCoverage as RiskCoverage
from ._risk_coverage import risk_coverage as risk_coverage
from ._summary import Summary as Summary
from ._summary import summary as summary
from ._temperature import Temperature as Temperature
from ._temperature import temperature as temperature
