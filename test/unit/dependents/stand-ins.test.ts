import { expect, test } from 'vitest'
import { isProof } from '../../../src/dependents/stand-ins.ts'

test.each([
  ['42883', 'undefined function', true],
  ['42704', 'no operator class', true],
  ['42804', 'datatype mismatch', true],
  ['22P02', 'invalid text of a literal', true],
  ['0A000', 'not supported', true],
  ['54000', 'program limit', true],
  ['42501', 'insufficient privilege', false],
  ['25006', 'read-only transaction', false],
  ['53200', 'out of memory', false],
  ['53100', 'disk full', false],
  ['55P03', 'lock not available', false],
  ['57014', 'canceled or timed out', false],
  ['40P01', 'deadlock', false],
  ['XX000', 'internal error', false],
  ['P0001', 'raised by an event trigger', false],
])('%s (%s) proves that it can never be created: %s', (sqlstate, _name, expected) => {
  expect(isProof({ sqlstate })).toBe(expected)
})
