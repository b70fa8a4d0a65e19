"""Context and template → DOCX: tags, tables, native charts, fields; and what checks a template."""
