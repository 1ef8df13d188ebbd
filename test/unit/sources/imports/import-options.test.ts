// The options of an import for expressions, which fdwsync imports itself.

import { expect, test } from 'vitest'
import {
  isOn,
  optionsOfImport,
  optionsToTurnOff,
  unsupportedOptions,
} from '../../../../src/sources/imports/import-options.ts'

const importing = (options: Record<string, string>) => ({ options, mirrored: undefined })
const mirrored = { kinds: ['tables'], isDefault: true, partitions: 'parent', named: [] } as const

test('no wrapper imports expressions', () => {
  const options = { import_default: 'true', import_generated: 'on', import_collate: 'false', other: 'x' }
  expect(optionsToTurnOff({ isPostgresFdw: true })).toEqual([['import_default', 'import_generated']])
  expect(optionsToTurnOff({ isPostgresFdw: false }).at(-1)).toEqual([])
  expect(optionsOfImport(options, ['import_default', 'import_generated'])).toEqual({
    import_default: 'false',
    import_generated: 'false',
    import_collate: 'false',
    other: 'x',
  })
  expect(optionsOfImport(options, [])).toEqual({ import_collate: 'false', other: 'x' })
  expect(unsupportedOptions(importing(options), { isPostgresFdw: false })).toEqual([
    'import_default',
    'import_generated',
  ])
  expect(unsupportedOptions(importing({ import_default: 'no' }), { isPostgresFdw: false })).toEqual([])
  expect(unsupportedOptions(importing(options), { isPostgresFdw: true })).toEqual([])
})

test('a value that is no Boolean is left for the wrapper to refuse', () => {
  expect(optionsOfImport({ import_default: 'maybe' }, ['import_default']).import_default).toBe('maybe')
})

test.each(['1', 't', 'TRUE', 'tr', 'on', 'y', 'yes'])('%s is on', (value) => {
  expect(isOn(importing({ import_default: value }), 'import_default')).toBe(true)
})

test.each(['0', 'f', 'false', 'off', 'no', 'maybe'])('%s is off', (value) => {
  expect(isOn(importing({ import_generated: value }), 'import_generated')).toBe(false)
})

test('postgres_fdw imports generation expressions by default, and no defaults', () => {
  const request = importing({})
  expect([isOn(request, 'import_default'), isOn(request, 'import_generated')]).toEqual([false, true])
})

test('a mirror copies generated columns as plain ones, unless it asks for their expressions', () => {
  expect(isOn({ options: {}, mirrored }, 'import_generated')).toBe(false)
  expect(isOn({ options: { import_generated: 'true' }, mirrored }, 'import_generated')).toBe(true)
})
