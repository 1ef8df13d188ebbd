// What errors of sources mean. The texts are those that PostgreSQL 14 and 18 and mysql_fdw report.

import { describe, expect, test } from 'vitest'
import { DatabaseError } from '../../../src/db/database-error.ts'
import { explainSourceError, isPermanent, isSourceError, sourceErrorText } from '../../../src/sources/source-error.ts'

const connecting = (detail: string) =>
  new DatabaseError({ message: 'could not connect to server "shop"', code: '08001', detail }, [])
const at = 'connection to server at "10.0.0.1", port 5432 failed: '
const fatal = (text: string) => connecting(`${at}FATAL:  ${text}`)
const remote = (code: string, message: string) =>
  new DatabaseError({ message, code, where: 'remote SQL command: SELECT id FROM public.orders' }, [])
const mysql = (code: string, message: string) => new DatabaseError({ message, code }, [])

describe('an error of connecting', () => {
  test.each<[string, DatabaseError, string, RegExp]>([
    [
      'nothing listens there',
      connecting(`${at}Connection refused\n\tIs the server running on that host?`),
      'unreachable',
      /host and port/,
    ],
    [
      'the host does not exist',
      connecting('could not translate host name "nowhere" to address: Name or service not known'),
      'unreachable',
      /option host/,
    ],
    ['no answer', connecting(`${at}timeout expired`), 'unreachable', /firewalls/],
    ['no route', connecting(`${at}No route to host`), 'unreachable', /firewalls/],
    ['the source is starting', fatal('the database system is starting up'), 'unreachable', /in a moment/],
    ['another text', connecting(`${at}server closed the connection unexpectedly`), 'unreachable', /network/],
    ['a wrong password', fatal('password authentication failed for user "reader"'), 'rejected', /user and password/],
    ['no password', connecting(`${at}fe_sendauth: no password supplied`), 'rejected', /Add a password/],
    [
      'a password that the wrapper requires',
      new DatabaseError({ message: 'password is required', code: '2F003' }, []),
      'rejected',
      /Add a password/,
    ],
    ['a wrong user', fatal('role "nobody" does not exist'), 'rejected', /Check user/],
    ['a role that may not log in', fatal('role "reader" is not permitted to log in'), 'rejected', /may log in/],
    ['a wrong database', fatal('database "shopp" does not exist'), 'rejected', /dbname/],
    ['no CONNECT', fatal('permission denied for database "shop"'), 'rejected', /CONNECT/],
    [
      'not admitted',
      fatal('no pg_hba.conf entry for host "10.0.0.2", user "reader", database "shop", no encryption'),
      'rejected',
      /pg_hba\.conf/,
    ],
    [
      'TLS that the source lacks',
      connecting(`${at}server does not support SSL, but SSL was required`),
      'rejected',
      /sslmode/,
    ],
    ['an impossible port', connecting('invalid port number: "99999"'), 'rejected', /options of the server/],
    [
      'a refusal in another language',
      fatal('Passwort-Authentifizierung fehlgeschlagen'),
      'rejected',
      /log of the source/,
    ],
    [
      'of two addresses, the one that answered counts',
      connecting(`${at}Connection refused\n${at}FATAL:  password authentication failed for user "reader"`),
      'rejected',
      /user and password/,
    ],
    ['too many connections', fatal('sorry, too many clients already'), 'busy', /--jobs/],
    ['too many for the role', fatal('too many connections for role "reader"'), 'busy', /--jobs/],
    [
      'reserved connections',
      fatal('remaining connection slots are reserved for roles with the SUPERUSER attribute'),
      'busy',
      /--jobs/,
    ],
    [
      'mysql_fdw: a wrong password',
      mysql('HV00N', "failed to connect to MySQL: Access denied for user 'r'@'h'"),
      'rejected',
      /password/,
    ],
    [
      'mysql_fdw: a wrong database',
      mysql('HV00N', "failed to connect to MySQL: Unknown database 'x'"),
      'rejected',
      /dbname/,
    ],
    [
      'mysql_fdw: a wrong host',
      mysql('HV00N', "failed to connect to MySQL: Unknown MySQL server host 'x' (-2)"),
      'unreachable',
      /option host/,
    ],
    [
      'mysql_fdw: a wrong port',
      mysql('HV00N', "failed to connect to MySQL: Can't connect to MySQL server on 'h' (111)"),
      'unreachable',
      /host and port/,
    ],
  ])('%s', (_, error, kind, hint) => {
    const found = explainSourceError(error)
    expect(found.kind).toBe(kind)
    expect(found.hint).toMatch(hint)
    expect(isSourceError(error)).toBe(true)
  })
})

describe('an error of reading', () => {
  test.each<[string, DatabaseError, string, RegExp]>([
    ['a missing table', remote('42P01', 'relation "public.orders" does not exist'), 'rejected', /table_name/],
    ['a missing column', remote('42703', 'column "total" does not exist'), 'rejected', /column_name/],
    ['no SELECT', remote('42501', 'permission denied for table orders'), 'rejected', /SELECT on the table/],
    ['no USAGE', remote('42501', 'permission denied for schema shop'), 'rejected', /USAGE on the schema/],
    [
      'no user mapping',
      mysql('42704', 'user mapping not found for user "etl", server "shop"'),
      'rejected',
      /user mapping/,
    ],
    [
      'mysql_fdw: a missing table',
      mysql('HV00L', "failed to prepare the MySQL query: \nTable 'a.b' doesn't exist"),
      'rejected',
      /options of the foreign table/,
    ],
    [
      'mysql_fdw: a missing column',
      mysql('HV00L', "failed to prepare the MySQL query: \nUnknown column 'x' in 'field list'"),
      'rejected',
      /column_name/,
    ],
    ['a division by zero', remote('22012', 'division by zero'), 'other', /^$/],
    ['an error of the target', mysql('42P01', 'relation "x" does not exist'), 'rejected', /table_name/],
  ])('%s', (_, error, kind, hint) => {
    const found = explainSourceError(error)
    expect(found.kind).toBe(kind)
    expect(found.hint).toMatch(hint)
  })

  test('an error of the target is not one of the source', () => {
    expect(isSourceError(mysql('42P01', 'relation "x" does not exist'))).toBe(false)
    expect(isSourceError(remote('42P01', 'relation "x" does not exist'))).toBe(true)
  })
})

test('the text has one line of the detail, and names who reports it', () => {
  expect(sourceErrorText(connecting(`${at}Connection refused\n\tIs the server running?`))).toBe(
    `could not connect to server "shop" (${at}Connection refused)`,
  )
  expect(sourceErrorText(remote('42P01', 'relation "x" does not exist'))).toBe(
    'the source reports: relation "x" does not exist',
  )
})

test('a connection that the source has ended: a timeout of its own ends the next one too', () => {
  const ended = (first: string) =>
    new DatabaseError(
      { message: `${first}\nserver closed the connection unexpectedly\n\tThis probably means`, code: '08006', where },
      [],
    )
  const where = 'remote SQL command: COMMIT TRANSACTION'
  const idle = ended('FATAL:  terminating connection due to idle-in-transaction timeout')
  expect(sourceErrorText(idle)).toBe(
    'the source reports: FATAL:  terminating connection due to idle-in-transaction timeout',
  )
  expect(explainSourceError(idle)).toMatchObject({ hint: expect.stringContaining('-c idle_in_transaction_session_') })
  expect(isPermanent(idle)).toBe(true)
  expect(explainSourceError(remote('57014', 'canceling statement due to statement timeout')).hint).toMatch(
    /"-c statement_timeout=0"/,
  )
  expect(isPermanent(fatal('password authentication failed for user "reader"'))).toBe(true)
  for (const passing of [
    ended('FATAL:  terminating connection due to administrator command'),
    new DatabaseError({ message: 'SSL connection has been closed unexpectedly', code: '08006', where }, []),
    fatal('sorry, too many clients already'),
    fatal('zu viele Verbindungen'),
    connecting(`${at}Connection refused`),
  ])
    expect(isPermanent(passing), passing.message).toBe(false)
})
