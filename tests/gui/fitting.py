"""What the Fit page shows, for tests."""

from octavo.gui.widgets.fit_line import FitLine


def totals(page):
    return {each.name: each.accessibleName() for each in page.findChildren(FitLine) if each.isVisible()}


def choose(page, name):
    next(each for each in page.findChildren(FitLine) if each.name == name).click()


def figures(page):
    return {each.name.split(" ")[0]: each for each in page._figures.figures}
