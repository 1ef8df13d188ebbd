// What a column can be used as a watermark for: how far back a refresh reads, and which values count. Pure.

import { parseDuration } from '../../core/duration.ts'
import { literal, type Sql, sql, trusted } from '../../core/sql.ts'
import type { Watermark } from '../../core/watermark.ts'

export interface WatermarkColumn {
  /** Without a limit on its length or precision, to which a value would be rounded. */
  readonly type: Sql
  /** `overlap` before a value, both as text. */
  before(value: string, overlap: string): Sql
  readonly overlap: string
  /** Why an overlap cannot be subtracted. */
  mistakeIn(overlap: string): string | undefined
  /** Whether a value may become the watermark. A value of the future or an infinite one would hide all later changes. */
  counts(value: Sql): Sql
  /** A value as text that does not depend on settings. */
  textOf(value: Sql): Sql
}

/** Why a watermark cannot be used for a table with these columns. Types are as `format_type` shows them. */
export function watermarkMistake(
  columns: readonly { readonly name: string; readonly type: string }[],
  { column, overlap }: Watermark,
): string | undefined {
  const found = columns.find(({ name }) => name === column)
  if (!found) return `its query returns no column "${column}", which is its watermark`
  const usable = watermarkColumn(found.type)
  if (!usable) return `its watermark "${column}" is of type ${found.type}, not a date, a time or a number`
  const mistake = overlap === undefined ? undefined : usable.mistakeIn(overlap)
  return mistake && `the overlap "${overlap}" of its watermark, which is of type ${found.type}, ${mistake}`
}

const integers = ['smallint', 'integer', 'bigint']

/** Undefined for a type whose values do not grow. */
export function watermarkColumn(shown: string): WatermarkColumn | undefined {
  const type = shown.replace(/\(.*\)/, '')
  if (integers.includes(type)) return integer(type)
  switch (type) {
    case 'numeric':
      return number
    case 'timestamp with time zone':
      return time('timestamptz', trusted('pg_catalog.now()'), '5min')
    case 'timestamp without time zone':
      return time('timestamp', latestLocalTime, '5min')
    case 'date':
      return time('date', sql`CAST(${latestLocalTime} AS pg_catalog.date)`, '1d')
    default:
      return undefined
  }
}

/** The source may be in another time zone. None is more than 14 hours ahead of UTC. */
const latestLocalTime = trusted(
  "(pg_catalog.timezone('UTC', pg_catalog.now()) OPERATOR(pg_catalog.+) '14 hours'::pg_catalog.interval)",
)

function time(name: string, latest: Sql, overlap: string): WatermarkColumn {
  const type = trusted(`pg_catalog.${name}`)
  return {
    type,
    before: (value, back) =>
      sql`CAST(CAST(${literal(value)} AS ${type}) OPERATOR(pg_catalog.-) CAST(${literal(`${parseDuration(back) ?? 0} ms`)} AS pg_catalog.interval) AS ${type})`,
    overlap,
    mistakeIn: (back) => (parseDuration(back) === undefined ? 'must be a duration, such as 5min' : undefined),
    counts: (value) => sql`pg_catalog.isfinite(${value}) AND ${value} OPERATOR(pg_catalog.<=) ${latest}`,
    textOf: (value) => sql`pg_catalog.jsonb_array_element_text(pg_catalog.jsonb_build_array(${value}), 0)`,
  }
}

const numbers = {
  overlap: '1000',
  textOf: (value: Sql) => sql`CAST(${value} AS pg_catalog.text)`,
}

/** In the type of the column: a comparison with another one could not use an index. */
function integer(name: string): WatermarkColumn {
  const type = trusted({ smallint: 'pg_catalog.int2', integer: 'pg_catalog.int4' }[name] ?? 'pg_catalog.int8')
  const lowest = { smallint: -(2n ** 15n), integer: -(2n ** 31n) }[name] ?? -(2n ** 63n)
  return {
    ...numbers,
    type,
    before(value, overlap) {
      const from = BigInt(value) - BigInt(overlap)
      return sql`CAST(${literal(String(from < lowest ? lowest : from))} AS ${type})`
    },
    mistakeIn: (overlap) => (/^\d{1,18}$/.test(overlap) ? undefined : 'must be a whole number'),
    counts: () => sql`true`,
  }
}

const numeric = trusted('pg_catalog.numeric')
const number: WatermarkColumn = {
  ...numbers,
  type: numeric,
  before: (value, overlap) =>
    sql`(CAST(${literal(value)} AS ${numeric}) OPERATOR(pg_catalog.-) CAST(${literal(overlap)} AS ${numeric}))`,
  mistakeIn: (overlap) => (/^\d{1,18}(\.\d{1,18})?$/.test(overlap) ? undefined : 'must be a number'),
  // NaN is larger than all others.
  counts: (value) => sql`${value} OPERATOR(pg_catalog.<) 'Infinity'::pg_catalog.numeric`,
}
