"""Form sets by version: templates in Typst, pinned by digest like the rest of the law."""
