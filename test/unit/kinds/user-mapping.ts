// User mappings. Secrets are compared by digests.
import { Secret } from '../../../src/core/secret.ts'
import { createRunDigests, slowDigest } from '../../../src/introspector/digests.ts'
import { type UserMappingSpec, userMapping } from '../../../src/kinds/user-mapping.ts'
import { type KindTable, nothing } from './table.ts'

const { ofRun } = createRunDigests()
const secret = (value: string) => ({ digest: ofRun(new Secret(value)), secret: new Secret(value) })
const [old, rotated] = [secret('hunter2'), secret('hunter3')]
const recorded = { digest: slowDigest(new Secret('hunter2'), 'user mapping') }
const alter = 'ALTER USER MAPPING FOR etl SERVER shop'

export const userMappingTable: KindTable<UserMappingSpec> = {
  kind: userMapping,
  id: { kind: 'userMapping', server: 'shop', role: 'etl' },
  spec: { options: {} },
  compare: {
    ignore: [[{}, { ignore: ['options.password'] }, nothing, 'only the ledger has it']],
    options: [
      [{}, { options: { user: 'app' } }, 'user: none → app', `${alter} OPTIONS (ADD user 'app')`],
      [{ options: { user: 'app' } }, { options: { user: 'b' } }, 'user: app → b', `${alter} OPTIONS (SET user 'b')`],
      [{ options: { user: 'app' } }, {}, 'user: app → none', `${alter} OPTIONS (DROP user)`],
      [{ options: { password: old } }, { options: { password: old } }, nothing, 'the digests are equal'],
      [
        { options: { user: 'app' } },
        { options: { user: 'app', password: old } },
        'password: none → (secret)',
        // The first statement takes the lock on the row, so that the second one, with the secret, never waits.
        `${alter} OPTIONS (SET user 'app'); ${alter} OPTIONS (ADD password '(secret)')`,
      ],
      [
        {},
        { options: { password: old } },
        'password: none → (secret)',
        `DROP USER MAPPING FOR etl SERVER shop; CREATE USER MAPPING FOR etl SERVER shop; ${alter} OPTIONS (ADD password '(secret)')`,
      ],
      [
        { options: { password: old } },
        { options: { password: rotated } },
        'password: (secret) → (secret)',
        `${alter} OPTIONS (DROP password); ${alter} OPTIONS (ADD password '(secret)')`,
      ],
      [
        { options: { user: 'app', password: old } },
        { options: { user: 'b', password: rotated } },
        ['user: app → b', 'password: (secret) → (secret)'],
        `${alter} OPTIONS (SET user 'b', DROP password); ${alter} OPTIONS (ADD password '(secret)')`,
      ],
      [{ options: { password: old } }, {}, 'password: (secret) → none', `${alter} OPTIONS (DROP password)`],
      [
        { options: null },
        { options: { password: old } },
        nothing,
        'hidden options are not compared with a declaration',
      ],
      [
        { options: null },
        { options: { user: 'app', password: old } },
        nothing,
        'the ledger has the same options',
        { last: { options: { user: 'app', password: recorded } } },
      ],
      [
        { options: null },
        { options: { password: rotated } },
        'options: (hidden) → (changed in the manifest)',
        'replace',
        { last: { options: { password: recorded } } },
      ],
    ],
  },
  settle: {},
  roundTrips: {
    definition: 'user_mapping',
    unwritten: {},
    manifest: { servers: { shop: {} } },
    stanzas: [[{}], [{ user: 'app', password: '${env:SHOP_ETL_PASSWORD}' }]],
  },
}
