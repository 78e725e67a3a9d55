"""kkpr-check inside QGIS: a Processing script (Processing > Toolbox > Scripts > Add Script to Toolbox).

It calls the command line, which may live in an environment of its own, and loads the styled GeoPackage that comes back.
"""

import os
import subprocess

from qgis.core import (
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorLayer,
)

KEPT = ("gpkg", "shp", "geojson", "fgb")


class KkprCheckBatch(QgsProcessingAlgorithm):
    """Judge a layer of parcels against a plan folder."""

    def name(self):
        """Return the id of the algorithm."""
        return "kkpr_check_batch"

    def displayName(self):  # noqa: N802
        """Return what the toolbox shows."""
        return "KKPR: kesesuaian persil (kkpr-check)"

    def shortHelpString(self):  # noqa: N802
        """Return what the dialog explains."""
        return (
            "Memeriksa setiap persil terhadap rencana tata ruang. Kolom kbli, floors, height_m ... pada layer dipakai; KBLI di "
            "sini berlaku untuk semua persil. Hasil bersifat membantu dan bukan keputusan KKPR."
        )

    def createInstance(self):  # noqa: N802
        """Return a new one."""
        return KkprCheckBatch()

    def initAlgorithm(self, config=None):  # noqa: N802
        """Declare what the dialog asks."""
        self.addParameter(
            QgsProcessingParameterVectorLayer("PARCELS", "Persil", [QgsProcessing.TypeVectorPolygon])
        )
        self.addParameter(
            QgsProcessingParameterFile(
                "PLAN", "Folder rencana (plan.toml)", QgsProcessingParameterFile.Folder
            )
        )
        self.addParameter(QgsProcessingParameterString("KBLI", "KBLI", optional=True))
        self.addParameter(
            QgsProcessingParameterString("COMMAND", "Program kkpr-check", defaultValue="kkpr-check")
        )
        self.addParameter(QgsProcessingParameterFileDestination("OUTPUT", "Hasil", "GeoPackage (*.gpkg)"))

    def processAlgorithm(self, parameters, context, feedback):  # noqa: N802
        """Run the command line on the layer's file, or on a copy of what is not a file."""
        parcels = self.parameterAsCompatibleSourceLayerPathAndLayerName(
            parameters, "PARCELS", context, KEPT, "gpkg", feedback
        )
        path, layer = parcels
        output = self.parameterAsFileOutput(parameters, "OUTPUT", context)
        call = [
            self.parameterAsString(parameters, "COMMAND", context), "batch", path,
            "--plan", self.parameterAsFile(parameters, "PLAN", context), "--output", output, "--overwrite", "--lang", "id",
        ]  # fmt: skip
        if layer:
            call += ["--layer", layer]
        kbli = self.parameterAsString(parameters, "KBLI", context).strip()
        if kbli:
            call += ["--kbli", kbli]
        feedback.pushCommandInfo(" ".join(call))
        done = subprocess.run(
            call, env=own_environment(), capture_output=True, text=True, encoding="utf-8", check=False
        )
        for line in done.stderr.splitlines():
            feedback.pushInfo(line)
        if done.returncode == 2:
            raise QgsProcessingException(done.stderr.strip() or "kkpr-check: exit 2")
        details = QgsProcessingContext.LayerDetails("KKPR", context.project(), "OUTPUT")
        context.addLayerToLoadOnCompletion(output, details)
        return {"OUTPUT": output}


def own_environment():
    """Return the environment without what QGIS sets for its own Python and its own GDAL and PROJ."""
    foreign = ("PYTHONHOME", "PYTHONPATH", "GDAL_DATA", "GDAL_DRIVER_PATH", "PROJ_LIB", "PROJ_DATA")
    return {name: value for name, value in os.environ.items() if name not in foreign}
