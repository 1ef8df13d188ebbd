// How values are parsed, by type.

import { expect, test } from 'vitest'
import { valueParsers } from '../../../src/db/value-parsers.ts'

test.each([
  ['bool', 16, 't', true],
  ['int4', 23, '-7', -7],
  ['oid', 26, '4294967295', 4294967295],
  ['int8', 20, '9007199254740993', '9007199254740993'],
  ['numeric', 1700, '1.50', '1.50'],
  ['json', 114, '{"a":[1]}', { a: [1] }],
  ['jsonb', 3802, 'null', null],
  ['date', 1082, '2026-01-31', '2026-01-31'],
  ['timestamptz', 1184, '2026-01-31 12:00:00.123456+02', '2026-01-31T12:00:00.123456+02:00'],
  ['timestamptz in UTC', 1184, '2026-01-31 12:00:00+00', '2026-01-31T12:00:00Z'],
  ['timestamptz with minutes', 1184, '2026-01-31 12:00:00-03:30', '2026-01-31T12:00:00-03:30'],
  ['timestamp', 1114, '12026-01-31 12:00:00', '12026-01-31T12:00:00'],
  ['infinity', 1184, 'infinity', 'infinity'],
  ['BC', 1114, '0044-03-15 12:00:00 BC', '0044-03-15 12:00:00 BC'],
  ['text[]', 1009, '{a,"b c","",NULL,"NULL","q\\"\\\\,{}"}', ['a', 'b c', '', null, 'NULL', 'q"\\,{}']],
  ['empty text[]', 1009, '{}', []],
  ['name[]', 1003, '{x}', ['x']],
  ['oid[]', 1028, '{1,2}', [1, 2]],
  ['int8[]', 1016, '{1,NULL}', ['1', null]],
  ['jsonb[]', 3807, '{"{\\"a\\": 1}"}', [{ a: 1 }]],
  ['anything else', 999999, 'as sent', 'as sent'],
])('%s', (_, oid, text, expected) => {
  expect(valueParsers.getTypeParser(oid)(text)).toEqual(expected)
})
