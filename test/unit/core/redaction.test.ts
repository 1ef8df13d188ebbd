// Messages show neither secrets nor what references resolve to, in whatever spelling a server quotes them.

import { describe, expect, test } from 'vitest'
import { redact } from '../../../src/core/redaction.ts'
import { Secret } from '../../../src/core/secret.ts'

const long = `${'x'.repeat(70)}y`

describe('a secret is masked', () => {
  test.each([
    [
      'wherever it occurs',
      'hunter2',
      "bad option 'hunter2' (hunter2), xhunter2x",
      "bad option '(secret)' ((secret)), x(secret)x",
    ],
    ['in other cases', 'Hunter2', 'role "hunter2", HUNTER2', 'role "(secret)", (secret)'],
    ['in quotes that are doubled', 'a\'b"c', `'a''b"c', "a'b""c", 'a''b""c'`, `'(secret)', "(secret)", 'a''b""c'`],
    ['with escaped backslashes', "a\\b'c", "E'a\\\\b''c', E'a\\\\b\\'c'", "E'(secret)', E'(secret)'"],
    ['in JSON', 'a"b\nc', '{"x": "a\\"b\\nc"}', '{"x": "(secret)"}'],
    ['in a URL', 'a b/ü?', 'x://u:a%20b%2f%C3%BC%3F@h, a+b%2F%c3%bc%3F', 'x://u:(secret)@h, (secret)'],
    ['decoded from a URL', 'a%40b', 'password a@b', 'password (secret)'],
    [
      'cut off after 63 bytes, as a name is',
      long,
      `"${long.slice(0, 63)}" does not exist`,
      '"(secret)" does not exist',
    ],
    ['without the blanks around it', ' abc\n', 'token "abc"', 'token "(secret)"'],
    ['as the password of a URL', 'mongodb://u:pa55@h/x', 'no login with pa55 at h', 'no login with (secret) at h'],
    ['as the token of a header', 'Bearer abc.def', 'token abc.def expired', 'token (secret) expired'],
    [
      'as a part of a connection string',
      "host=h password='top s' x=1",
      'missing "=" after "top s"',
      'missing "=" after "(secret)"',
    ],
  ])('%s', (_how, value, text, shown) => {
    expect(redact(text, [new Secret(value)])).toBe(shown)
  })
  test('unless it is so short that masking it would give it away', () => {
    expect(redact('a table', [new Secret('a'), new Secret('')])).toBe('a table')
  })
  test('as a whole, if another one is a part of it', () => {
    expect(redact('abcdef', [new Secret('bcd'), new Secret('abcdef')])).toBe('(secret)')
  })
})

describe('a reference is shown', () => {
  const hidden = [
    { reference: '${env:HOST}', texts: ['db.internal'] },
    { reference: '${env:PORT}', texts: ['80'] },
    { reference: '${env:KEY}', texts: ['ghp_k3y', 'reporting_reader'] },
    { reference: '${env:TYPE}', texts: ['env'] }, // a word, and a part of each reference
  ]
  test.each([
    ['where its value is a whole word', 'host "DB.Internal", db.internal:1', 'host "${env:HOST}", ${env:HOST}:1'],
    ['not within other words', 'mydb.internals, environment', 'mydb.internals, environment'],
    ['for a short value in quotes only', 'invalid port "80" after 80 s', 'invalid port "${env:PORT}" after 80 s'],
    ['once, if a reference contains the value of another one', '"env" db.internal', '"${env:TYPE}" ${env:HOST}'],
    [
      'for a short word in quotes only, since it may name something else',
      'user "Env", the role env',
      'user "${env:TYPE}", the role env',
    ],
    [
      'for a word that could be a key',
      'role ghp_k3y, GHP_K3Y and reporting_reader do not exist',
      'role ${env:KEY}, ${env:KEY} and ${env:KEY} do not exist',
    ],
  ])('%s', (_how, text, shown) => {
    expect(redact(text, hidden)).toBe(shown)
  })
  test('once, if it has its value as a default, however often a text is redacted', () => {
    const withDefault = [{ reference: '${env:FOLDER:-/srv/shop}', texts: ['/srv/shop'] }]
    const shown = redact('no file "/srv/shop/a.csv"', withDefault)
    expect(shown).toBe('no file "${env:FOLDER:-/srv/shop}/a.csv"')
    expect(redact(`${shown}, "/srv/shop"`, withDefault)).toBe(`${shown}, "\${env:FOLDER:-/srv/shop}"`)
    expect(redact(shown, [...withDefault, new Secret('/srv/shop')])).not.toContain('/srv/shop')
  })
  test('but not in the place of a secret', () => {
    expect(redact('db.internal', [new Secret('db.internal'), ...hidden])).toBe('(secret)')
  })
})
