"""Known sources: one file per family of crawlers, platforms, tools and data sets."""
