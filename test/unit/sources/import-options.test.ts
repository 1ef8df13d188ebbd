// The options of an import for expressions, which fdwsync imports itself.

import { expect, test } from 'vitest'
import { isOn, optionsOfImport, optionsToTurnOff, unsupportedOptions } from '../../../src/sources/import-options.ts'

test('no wrapper imports expressions', () => {
  const options = { import_default: 'true', import_generated: 'on', import_collate: 'false', other: 'x' }
  expect(optionsToTurnOff('postgres_fdw')).toEqual([['import_default', 'import_generated']])
  expect(optionsToTurnOff('mysql_fdw').at(-1)).toEqual([])
  expect(optionsOfImport(options, ['import_default', 'import_generated'])).toEqual({
    import_default: 'false',
    import_generated: 'false',
    import_collate: 'false',
    other: 'x',
  })
  expect(optionsOfImport(options, [])).toEqual({ import_collate: 'false', other: 'x' })
  expect(unsupportedOptions(options, 'mysql_fdw')).toEqual(['import_default', 'import_generated'])
  expect(unsupportedOptions({ import_default: 'no' }, 'mysql_fdw')).toEqual([])
  expect(unsupportedOptions(options, 'postgres_fdw')).toEqual([])
})

test('a value that is no Boolean is left for the wrapper to refuse', () => {
  expect(optionsOfImport({ import_default: 'maybe' }, ['import_default']).import_default).toBe('maybe')
})

test.each(['1', 't', 'TRUE', 'tr', 'on', 'y', 'yes'])('%s is on', (value) => {
  expect(isOn({ import_default: value }, 'import_default')).toBe(true)
})

test.each(['0', 'f', 'false', 'off', 'no', 'maybe'])('%s is off', (value) => {
  expect(isOn({ import_generated: value }, 'import_generated')).toBe(false)
})

test('postgres_fdw imports generation expressions by default, and no defaults', () => {
  expect([isOn({}, 'import_default'), isOn({}, 'import_generated')]).toEqual([false, true])
})
