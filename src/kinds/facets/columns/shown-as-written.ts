// Recognizes names of PostgreSQL's own types that format_type() returns as they are, on every version.

const withoutModifier =
  'bigint|boolean|bytea|character varying|cidr|date|double precision|inet|integer|interval|json|jsonb|macaddr|numeric|oid|real' +
  '|smallint|text|time with(?:out)? time zone|timestamp with(?:out)? time zone|tsvector|uuid'

const spelling = new RegExp(
  `^(?:${withoutModifier}|character(?: varying)?\\((?<length>[1-9]\\d{0,6})\\)` +
    '|numeric\\((?<precision>[1-9]\\d{0,2}),(?<scale>0|[1-9]\\d{0,2})\\)|timestamp\\([0-6]\\) with(?:out)? time zone)(?:\\[\\])?$',
)

/**
 * Whether a type is certainly PostgreSQL's own, valid, and shown as it is written here. That holds under any search_path that
 * does not name pg_catalog: then a name without a schema is looked up there first.
 */
export function isShownAsWritten(type: string): boolean {
  const { groups } = spelling.exec(type) ?? {}
  if (groups === undefined) return false
  return Number(groups.scale ?? 0) <= Number(groups.precision ?? 0)
}
