"""A rubric as a workbook, for people who keep their pauta in Excel or LibreOffice.

One row is one thing: a dimension, a behaviour, a domain, a number of a scale. A new row is a new
thing, and a new name in the column of the domain a new domain, so nobody learns a syntax. (One row
per field, as on the page, needs none either as long as nothing is added; but then the tenth
dimension is fourteen rows to copy, and two dimensions are never seen side by side.) What a rubric
may say and no column shows, such as looks at the class, stands field by field on a last sheet.

`columns` says which sheets and columns there are; `writing` makes tables of a content and `reading`
the content of tables, both pure; `workbook` is the only module that knows openpyxl.
"""
