"""What each kind of scene is made of: numbers only, one frozen recipe a kind."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SceneRecipe:
    """Lengths in metres, covers and densities in [0, 1]."""

    lift: float = 0.05  # how far above the horizon the middle of the picture looks
    eye: float = 1.7
    visibility: float = 60000.0
    cloud: float = 0.45  # share of the sky
    base: tuple[str, str] = ("grass", "grass_dry")  # the ground cover and what it turns into here and there
    bare: str = "soil"  # what shows on slopes and on the path
    stone: str = "rock"
    grass: float = 0.0  # height of the blades near the camera
    flowers: float = 0.0
    path: float = 0.0  # width of a path that leads away from the camera
    hills: float = 0.0  # height of the rolling land
    hill_period: float = 900.0
    valley: float = 0.0  # how far the land falls away in front of the camera
    peaks: float = 0.0  # height of the mountains
    peaks_from: float = 5000.0  # where they begin to rise, and by where they have risen
    peaks_to: float = 11000.0
    peak_period: float = 56000.0
    snow_line: float = 1e9
    snow: float = 0.0  # snow cover of the land below the snow line
    dunes: float = 0.0
    mesas: float = 0.0
    lake: tuple[float, float] = (0.0, 0.0)  # distances of the near and the far shore
    fields: float = 0.0  # share of the valley that is farmed
    forest: float = 0.0
    forest_from: float = 320.0
    tree: tuple[str, str] = ("leaf", "leaf_dark")  # the crowns of the forest
    pointed: bool = False  # conifers
    trees: tuple[str, ...] = ()  # species of the single trees near the camera
    tree_count: int = 0
    tree_range: tuple[float, float] = (15.0, 420.0)
    houses: bool = False


RECIPES: dict[str, SceneRecipe] = {
    "meadow": SceneRecipe(
        grass=0.42,
        flowers=0.5,
        path=1.7,
        hills=46.0,
        hill_period=1500.0,
        valley=16.0,
        fields=0.75,
        forest=0.42,
        peaks=420.0,
        peaks_from=6000.0,
        peaks_to=12000.0,
        trees=("oak", "oak", "birch", "shrub"),
        tree_count=78,
        visibility=42000.0,
    ),
    "mountain": SceneRecipe(
        lift=0.11,
        grass=0.25,
        flowers=0.35,
        hills=90.0,
        hill_period=1600.0,
        valley=20.0,
        forest=0.55,
        tree=("conifer", "leaf_dark"),
        pointed=True,
        peaks=2700.0,
        peaks_from=2200.0,
        peaks_to=9000.0,
        snow_line=1150.0,
        cloud=0.35,
        trees=("spruce", "spruce", "spruce", "shrub"),
        tree_count=90,
        visibility=75000.0,
    ),
    "lake": SceneRecipe(
        lift=0.07,
        grass=0.30,
        flowers=0.2,
        hills=70.0,
        hill_period=1500.0,
        lake=(8.0, 520.0),
        eye=2.4,
        forest=0.62,
        tree=("leaf", "conifer"),
        peaks=1500.0,
        peaks_from=1800.0,
        peaks_to=8000.0,
        snow_line=900.0,
        trees=("birch", "spruce", "oak", "shrub"),
        tree_count=66,
        visibility=52000.0,
    ),
    "street": SceneRecipe(
        lift=0.07,
        grass=0.10,
        hills=35.0,
        hill_period=1500.0,
        forest=0.5,
        houses=True,
        trees=("oak", "birch", "shrub"),
        tree_count=66,
        tree_range=(16.0, 130.0),
        bare="asphalt",
        visibility=42000.0,
    ),
    "desert": SceneRecipe(
        lift=0.05,
        base=("sand", "earth"),
        bare="earth",
        stone="rock_red",
        dunes=9.0,
        mesas=260.0,
        cloud=0.22,
        hills=18.0,
        hill_period=1200.0,
        trees=("scrub", "scrub", "scrub"),
        tree_count=90,
        tree_range=(7.0, 220.0),
        visibility=60000.0,
    ),
    "winter": SceneRecipe(
        lift=0.08,
        base=("snow", "snow"),
        snow=1.0,
        hills=75.0,
        hill_period=1300.0,
        valley=14.0,
        forest=0.5,
        tree=("conifer", "conifer"),
        pointed=True,
        peaks=1500.0,
        peaks_from=2600.0,
        peaks_to=9000.0,
        snow_line=-50.0,
        cloud=0.3,
        trees=("spruce", "spruce", "spruce", "bare"),
        tree_count=90,
        visibility=60000.0,
    ),
}
