// Errors of the server: masked, and classified.

import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { ConnectionLostError, DatabaseError, isConnectionLost, isTransient } from '../../../src/db/database-error.ts'

describe('DatabaseError', () => {
  test('masks secrets, and drops the fields that contain inner statements', () => {
    const fields = {
      message: 'bad canary',
      code: '42601',
      detail: 'Key (canary)',
      hint: 'not canary',
      position: '8',
      schema: 's',
      table: 't',
      constraint: '',
      where: 'SQL statement "… canary"',
      internalQuery: 'ALTER … canary',
    }
    const error = new DatabaseError(fields, [new Secret('canary')])
    expect(error).toMatchObject({ sqlstate: '42601', message: 'bad (secret)', position: 8, schema: 's', table: 't' })
    expect(error.constraint).toBeUndefined()
    expect(inspect(error, { showHidden: true, depth: 9 }) + JSON.stringify(error)).not.toContain('canary')
  })
})

describe('isTransient', () => {
  test.each([
    ['55P03', '', undefined, true],
    ['40P01', '', undefined, true],
    ['40001', '', undefined, true],
    ['23505', 'duplicate key', 'pg_catalog', true],
    ['23505', 'duplicate key', 'public', false],
    ['23505', 'duplicate key', undefined, false],
    ['XX000', 'tuple concurrently updated', undefined, true],
    ['XX000', 'tuple concurrently deleted', undefined, true],
    ['XX000', 'cache lookup failed for foreign server 16390', undefined, true],
    ['XX000', 'could not open relation with OID 1', undefined, true],
    ['XX000', 'could not read block 0 in file "base/1/2"', undefined, false],
    ['42601', 'tuple concurrently updated', undefined, false],
    ['57014', 'canceling statement due to user request', undefined, false],
  ])('%s %s in %s: %s', (code, message, schema, expected) => {
    expect(isTransient(new DatabaseError({ code, message, schema }, []))).toBe(expected)
  })

  test('is false for any other error', () => {
    expect(isTransient(new Error('tuple concurrently updated'))).toBe(false)
    expect(isTransient(undefined)).toBe(false)
  })
})

test('isConnectionLost', () => {
  expect(isConnectionLost(new ConnectionLostError({ code: 'connection/lost', message: 'gone' }))).toBe(true)
  // postgres_fdw reports this when it cannot reach the source. Our own connection is not lost.
  expect(isConnectionLost(new DatabaseError({ code: '08006', message: 'could not connect to server "s"' }, []))).toBe(
    false,
  )
})
