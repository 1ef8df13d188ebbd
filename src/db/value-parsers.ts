// How values are parsed from the text that the server sends.

type ValueParser = (text: string) => unknown

const toBoolean: ValueParser = (text) => text === 't'
const toJson: ValueParser = (text) => JSON.parse(text)
const toText: ValueParser = (text) => text

/** `2026-01-31 12:00:00.5+02` becomes `2026-01-31T12:00:00.5+02:00`. A Date would lose the microseconds. */
function toIsoTimestamp(text: string): string {
  const match = /^(\d{4,}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)(?:([+-]\d\d)(:\d\d)?)?$/.exec(text)
  if (!match) return text // infinity, BC, or another DateStyle
  const [, date, time, hours, minutes = ':00'] = match
  if (hours === undefined) return `${date}T${time}`
  return `${date}T${time}${hours === '+00' && minutes === ':00' ? 'Z' : hours + minutes}`
}

/** Parses a one-dimensional array: `{a,"b c",NULL}`. */
function arrayOf(element: ValueParser): ValueParser {
  return (text) => {
    const values: unknown[] = []
    const item = /"((?:[^"\\]|\\.)*)"|([^,{}"]+)/gs
    for (const [, quoted, plain] of text.matchAll(item)) {
      if (quoted !== undefined) values.push(element(quoted.replaceAll(/\\(.)/gs, '$1')))
      else values.push(plain === 'NULL' ? null : element(plain ?? ''))
    }
    return values
  }
}

/** By type OID. Types that are not listed stay text: int8, numeric, date, bytea, enumerations. */
const parsers: ReadonlyMap<number, ValueParser> = new Map([
  [16, toBoolean],
  [21, Number], // int2
  [23, Number], // int4
  [26, Number], // oid
  [700, Number], // float4
  [701, Number], // float8
  [114, toJson],
  [3802, toJson], // jsonb
  [1114, toIsoTimestamp],
  [1184, toIsoTimestamp], // timestamptz
  [1000, arrayOf(toBoolean)],
  [1005, arrayOf(Number)], // int2[]
  [1007, arrayOf(Number)], // int4[]
  [1028, arrayOf(Number)], // oid[]
  [1016, arrayOf(toText)], // int8[]
  [1002, arrayOf(toText)], // "char"[]
  [1003, arrayOf(toText)], // name[]
  [1009, arrayOf(toText)], // text[]
  [1015, arrayOf(toText)], // varchar[]
  [199, arrayOf(toJson)],
  [3807, arrayOf(toJson)], // jsonb[]
])

/** The driver's option `types` for one client. The driver's global parsers are left alone, since others may use `pg` too. */
export const valueParsers = {
  getTypeParser: (oid: number): ValueParser => parsers.get(oid) ?? toText,
}
