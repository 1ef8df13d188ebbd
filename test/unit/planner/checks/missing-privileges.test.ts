import { expect, test } from 'vitest'
import { explainShortcoming } from '../../../../src/planner/checks/missing-privileges.ts'

const refused = {
  isNew: true,
  schema: 'shop',
  isSchemaPlanned: false,
  owner: 'App',
  wrapper: '',
  serverVersion: 180_000,
}
const all = {
  user: 'ci',
  inherits: true,
  otherOwner: null,
  mayCreate: true,
  mayCreateSourceView: true,
  ledgerOwner: null,
  maySetOwner: true,
  isMemberOfOwner: true,
  ownerMayCreate: true,
  ownerMayUseWrapper: true,
}
const old = { serverVersion: 150_000 }

test.each([
  ['no member', {}, { maySetOwner: false, isMemberOfOwner: false }, 'GRANT "App" TO ci WITH INHERIT TRUE, SET TRUE;'],
  ['a member without INHERIT', {}, { maySetOwner: false }, 'GRANT "App" TO ci WITH INHERIT TRUE, SET TRUE;'],
  ['no member, on 15', old, { maySetOwner: false, isMemberOfOwner: false }, 'GRANT "App" TO ci;'],
  ['a member that is NOINHERIT, on 15', old, { maySetOwner: false, inherits: false }, 'ALTER ROLE ci INHERIT;'],
  [
    'no member and NOINHERIT, on 15',
    old,
    { maySetOwner: false, isMemberOfOwner: false, inherits: false },
    'GRANT "App" TO ci; ALTER ROLE ci INHERIT;',
  ],
  ['no CREATE', {}, { mayCreate: false }, 'GRANT CREATE ON SCHEMA shop TO ci;'],
  ['an owner without CREATE', {}, { ownerMayCreate: false }, 'GRANT CREATE ON SCHEMA shop TO "App";'],
  [
    'an owner without CREATE on a schema that the plan creates',
    { isSchemaPlanned: true },
    { ownerMayCreate: false },
    'Declare it: grants: { create: [App] } of the schema.',
  ],
])('the hint names what helps: %s', (_what, more, lacks, expected) => {
  expect(explainShortcoming({ ...refused, ...more }, { ...all, ...lacks }).hint).toContain(expected)
})
