// Common types are recognized without the SQL parser, and nothing else is.

import { expect, test, vi } from 'vitest'
import { reservedWords } from '../../../../src/core/reserved-words.ts'
import { isSimpleType } from '../../../../src/manifest/checks/simple-type.ts'
import { read, table } from '../reading.ts'

vi.mock('libpg-query', () => {
  throw new Error('the parser was loaded')
})

const simple = [
  ...['bigint', 'INT', 'boolean', 'double precision', 'text', 'jsonb', 'uuid', 'varchar(10)', 'character varying(3)'],
  ...['numeric(10,2)', 'numeric(10, 2)', 'text[]', 'int[][]', 'time', 'timestamp(3) with time zone', 'geometry', '_x'],
]

test.each(simple.map((type) => [type]))('%s needs no parser', async (type) => {
  await expect(read(table(`columns: { a: ${JSON.stringify(type)} }`))).resolves.toBeDefined()
})

test.each([
  ...[
    '',
    ' int',
    'int ',
    'int\n',
    'a b',
    'a.b',
    '"a"',
    'int precision',
    'text with time zone',
    'int--',
    'int/**/',
    'int;',
  ],
  ...['int)', 'int[', 'int[-1]', 'numeric(a)', 'numeric(1,2,3)', 'setof int', 'int(3)', 'time(1,2)', 'ínt', 'a%TYPE'],
  ...['select', 'user', 'NULL', 'table', 'default', 'collate'],
])('%j needs the parser', (type) => expect(isSimpleType(type)).toBe(false))

test('no other reserved word is a type', () => {
  const types = 'bigint bit boolean char character dec decimal float int integer interval nchar numeric real smallint'
  expect([...reservedWords].filter(isSimpleType).sort()).toEqual(`${types} time timestamp varchar`.split(' '))
})
