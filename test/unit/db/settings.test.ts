// Connection settings: precedence, URLs, passfile and TLS, and that no error shows a password.

import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { FdwsyncError } from '../../../src/core/errors.ts'
import { connectionSettings, describeConnection, type SettingsInput } from '../../../src/db/settings.ts'

type Env = SettingsInput['env']

function settings(database: string | undefined, env: Env = {}, files: Record<string, string> = {}, mode = 0o600) {
  return connectionSettings({
    ...(database !== undefined && { database }),
    env: { USER: 'me', HOME: '/home/me', ...env },
    readFile: (path) => files[path],
    fileMode: () => mode,
  })
}

function failure(...input: Parameters<typeof settings>): FdwsyncError {
  try {
    settings(...input)
  } catch (error) {
    if (error instanceof FdwsyncError) return error
  }
  throw new Error('the settings were accepted')
}

describe('a URL', () => {
  test.each([
    ['postgresql://u:p@h:1234/d', 'u@h:1234/d', 'p'],
    ['postgres://u@h/d', 'u@h:5432/d', undefined],
    ['postgresql://h', 'me@h:5432/me', undefined],
    ['postgresql://', 'me@localhost:5432/me', undefined],
    ['postgresql:///d?host=/run/sockets&port=77', 'me@/run/sockets:77/d', undefined],
    ['postgresql://%2Frun%2Fsockets/d', 'me@/run/sockets:5432/d', undefined],
    ['postgresql://u@[::1]:5/d', 'u@[::1]:5/d', undefined],
    ['postgresql://u:p%40%2F%3A%25%23%3F%20w%E2%82%AC@h/d%2Fx', 'u@h:5432/d/x', 'p@/:%#? w€'],
    ['postgresql://u:a#b?c&d=e+f@h/d', 'u@h:5432/d', 'a#b?c&d=e+f'],
    ['postgresql://u@h/d?password=s%26t', 'u@h:5432/d', 's&t'],
    ['postgresql://u:p@h/d\r\n', 'u@h:5432/d', 'p'],
    ['postgresql://u:p%0A@h/d%0A', 'u@h:5432/d\n', 'p\n'],
  ])('%s', (url, described, password) => {
    const found = settings(url)
    expect(describeConnection(found)).toBe(described)
    expect(found.password?.reveal()).toBe(password)
  })

  test.each([
    'mysql://u:hidden@h/d',
    'host=h password=hidden',
    'postgresql://u:hid@den@h/d',
    'postgresql://u:hid/den@h/d',
    'postgresql://u:12/hidden@h/d',
    'postgresql://u:hidden%zz@h/d',
    'postgresql://u:hidden%00@h/d',
    'postgresql://u:hidden@h:port/d',
    'postgresql://u:hidden@h:70000/d',
    'postgresql://u:hidden@h:0/d',
    'postgresql://u:hidden@h,i/d',
    'postgresql://u:hidden@h/d?sslmode=on',
    'postgresql://u:hidden@h/d?connect_timeout=soon',
    'postgresql://u:hidden@h/d?nonsense=1',
    'postgresql://u:hidden@h/d?sslmode',
    'postgresql://u:hidden@h/d?sslmode=verify-full',
    'postgresql://u:hidden@h/d?sslcert=/nowhere',
    'postgresql://u:hidden@h/d?sslnegotiation=direct',
    'postgresql://u:hidden@h/d?target_session_attrs=read-write',
    'postgresql://u:hidden@h/d?channel_binding=require',
    'postgresql://u:hidden@h/d?service=absent',
    '',
  ])('is refused without showing the password: %s', (url) => {
    const error = failure(url)
    expect(error.exitCode).toBe(64)
    expect(inspect(error)).not.toMatch(/hid|den/)
    expect(error.problems[0]?.hint).toBeTruthy()
  })

  test('never shows its password when it is printed', () => {
    const found = settings('postgresql://u:hidden@h/d')
    expect(inspect(found) + JSON.stringify(found) + describeConnection(found)).not.toContain('hidden')
  })
})

describe('where settings come from', () => {
  test('--database outranks DATABASE_URL, which outranks the PG* variables', () => {
    const env = { DATABASE_URL: 'postgresql://second/d', PGHOST: 'third', PGPORT: '33' }
    expect(describeConnection(settings('postgresql://first', env))).toBe('me@first:33/me')
    expect(describeConnection(settings(undefined, env))).toBe('me@second:33/d')
    expect(describeConnection(settings(undefined, { ...env, DATABASE_URL: '' }))).toBe('me@third:33/me')
  })

  test('the PG* variables', () => {
    const found = settings(undefined, {
      PGUSER: 'u',
      PGDATABASE: 'd',
      PGPASSWORD: 'p',
      PGOPTIONS: '-c a=b',
      PGCONNECT_TIMEOUT: '3',
      PGSSLMODE: 'disable',
    })
    expect(found).toMatchObject({ user: 'u', database: 'd', options: '-c a=b', connectTimeoutSeconds: 3 })
    expect(found.password?.reveal()).toBe('p')
    expect(found.ssl.mode).toBe('disable')
  })

  test('a service is between the URL and the variables', () => {
    const files = {
      '/home/me/.pg_service.conf': '[other]\nhost=no\n[mine]\n# a comment\nhost=h\nport = 7\ndbname=d\n[more]',
    }
    const env = { PGSERVICE: 'mine', PGPORT: '8', PGHOST: 'no' }
    expect(describeConnection(settings(undefined, env, files))).toBe('me@h:7/d')
    expect(describeConnection(settings('postgresql:///x?service=mine', { PGHOST: 'no' }, files))).toBe('me@h:7/x')
    expect(failure(undefined, { PGSERVICE: 'absent' }, files).message).toContain('no service "absent"')
    const elsewhere = { PGSERVICE: 'mine', PGSERVICEFILE: 'nowhere' }
    expect(failure(undefined, elsewhere, files).message).toContain('in nowhere (it cannot be read)')
  })

  test('one host', () => {
    for (const hosts of ['a,b', 'a:1,b:2']) {
      expect(failure(`postgresql://${hosts}/d`).message).toBe('several hosts are not supported')
    }
  })

  test('defaults: ten seconds to connect, TLS where the server has it', () => {
    expect(settings(undefined)).toEqual({
      host: 'localhost',
      port: 5432,
      user: 'me',
      database: 'me',
      ssl: { mode: 'prefer', negotiation: 'postgres' },
      connectTimeoutSeconds: 10,
    })
    expect(failure(undefined, { USER: undefined }).message).toBe('no user to connect as')
  })
})

describe('the passfile', () => {
  const lines = ['# comment', 'h:5432:*:other:no', 'h\\:x:*:*:*:no', 'h:5432:d:me:s:e\\:c\\\\r', '*:*:*:*:last']
  const files = { '/home/me/.pgpass': lines.join('\n') }

  test.each([
    ['postgresql://h/d', 's:e:c\\r'],
    ['postgresql://h/x', 'last'],
    ['postgresql://i:1/d', 'last'],
    ['postgresql://me:own@h/d', 'own'],
  ])('%s', (url, password) => {
    expect(settings(url, {}, files).password?.reveal()).toBe(password)
  })

  test('is ignored, with a note, if other users can read it', () => {
    const found = settings('postgresql://h/d', {}, files, 0o640)
    expect(found.password).toBeUndefined()
    expect(found.passwordNote).toContain('chmod 600')
  })

  test('PGPASSFILE names another one', () => {
    const found = settings('postgresql://h/d', { PGPASSFILE: '/p' }, { ...files, '/p': 'localhost:*:*:*:no' })
    expect(found.password).toBeUndefined()
    expect(found.passwordNote).toBe('the passfile /p has no matching line')
  })

  test('matches a socket as localhost', () => {
    const found = settings('postgresql:///d?host=/run', {}, { '/home/me/.pgpass': 'localhost:5432:d:me:s' })
    expect(found.password?.reveal()).toBe('s')
  })
})

describe('ssl', () => {
  const files = { '/root.pem': 'ROOT', '/home/me/.postgresql/root.crt': 'DEFAULT', '/c': 'CERT', '/k': 'KEY' }
  test.each([
    ['sslmode=require', {}, { mode: 'require' }],
    ['ssl=true', {}, { mode: 'require' }],
    ['sslmode=verify-ca', files, { mode: 'verify-ca', rootCertificate: 'DEFAULT' }],
    ['sslmode=verify-full&sslrootcert=/root.pem', files, { mode: 'verify-full', rootCertificate: 'ROOT' }],
    ['sslrootcert=system', {}, { mode: 'verify-full', rootCertificate: 'system' }],
    ['sslmode=require&sslnegotiation=direct', {}, { mode: 'require', negotiation: 'direct' }],
    ['sslcert=/c&sslkey=/k', files, { certificate: 'CERT', mode: 'prefer' }],
  ])('%s', (query, existing, expected) => {
    expect(settings(`postgresql://h/d?${query}`, {}, existing).ssl).toMatchObject(expected)
  })

  test('a key is a secret', () => {
    const { ssl } = settings('postgresql://h/d?sslcert=/c&sslkey=/k', {}, files)
    expect(ssl.key?.reveal()).toBe('KEY')
    expect(inspect(ssl)).not.toContain('KEY')
  })
})
