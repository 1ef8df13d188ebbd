// Rows for owners and grants, which most kinds have.
import type { Access } from '../../../src/kinds/facets/access.ts'
import type { Grant } from '../../../src/kinds/facets/grants.ts'
import { nothing, type Rows } from './table.ts'

export const grant = (privilege: string, role: string | null, more: Partial<Grant> = {}): Grant => ({
  privilege,
  role,
  column: null,
  grantable: false,
  ...more,
})

export const liveAccess = {
  owner: 'alice',
  ownedByCurrentRole: false,
  grants: [],
  revokedFromOwner: [],
} satisfies Access

/** @param object follows ALTER, @param securable follows GRANT … ON */
export function accessRows(object: string, securable: string, privilege: string): Rows<Access> {
  const word = privilege.toUpperCase()
  const field = `grant ${privilege}`
  const to = (role: string | null, more?: Partial<Grant>): Access => ({ grants: [grant(privilege, role, more)] })
  return {
    owner: ownerRows(object, securable, privilege).owner,
    ownedByCurrentRole: ownerRows(object, securable, privilege).ownedByCurrentRole,
    hasAcl: [[{}, { hasAcl: true }, nothing, 'it only decides what an export writes']],
    grants: [
      [{}, to('analyst'), `${field}: none → analyst`, `GRANT ${word} ON ${securable} TO analyst`],
      [{}, to(null), `${field}: none → PUBLIC`, `GRANT ${word} ON ${securable} TO PUBLIC`],
      [to('analyst'), {}, `${field}: analyst → none`, `REVOKE ${word} ON ${securable} FROM analyst`],
      [
        to('analyst'),
        to('Case "Role"'),
        `${field}: analyst → "Case ""Role"""`,
        `REVOKE ${word} ON ${securable} FROM analyst; GRANT ${word} ON ${securable} TO "Case ""Role"""`,
      ],
      [
        to('analyst'),
        to('analyst', { grantable: true }),
        `${field}: analyst → analyst with grant option`,
        `GRANT ${word} ON ${securable} TO analyst WITH GRANT OPTION`,
      ],
      [
        to('analyst', { grantable: true }),
        to('analyst'),
        `${field}: analyst with grant option → analyst`,
        `REVOKE GRANT OPTION FOR ${word} ON ${securable} FROM analyst`,
      ],
      [
        { grants: [grant(privilege, 'chief', { grantable: true }), grant(privilege, 'analyst', { by: 'chief' })] },
        to('chief', { grantable: true }),
        `${field}: analyst, chief with grant option → chief with grant option`,
        `REVOKE ${word} ON ${securable} FROM chief CASCADE; REVOKE ${word} ON ${securable} FROM analyst CASCADE;
         GRANT ${word} ON ${securable} TO chief WITH GRANT OPTION`,
      ],
      [to('analyst'), { grants: undefined }, nothing, 'not declared'],
      [to('alice'), {}, nothing, 'grants to the owner are not compared'],
    ],
    revokedFromOwner: [
      [
        {},
        { revokedFromOwner: [privilege] },
        `revoked from owner: none → ${privilege}`,
        `REVOKE ${word} ON ${securable} FROM alice`,
      ],
      [
        { revokedFromOwner: [privilege] },
        {},
        `revoked from owner: ${privilege} → none`,
        `GRANT ${word} ON ${securable} TO alice`,
      ],
      [{ revokedFromOwner: [privilege] }, { revokedFromOwner: undefined }, nothing, 'not declared'],
    ],
  }
}

export function ownerRows(
  object: string,
  securable: string,
  privilege: string,
): Pick<Rows<Access>, 'owner' | 'ownedByCurrentRole'> {
  return {
    owner: [
      [{}, { owner: 'bob' }, 'owner: alice → bob', `ALTER ${object} OWNER TO bob`],
      [{}, { owner: null }, 'owner: alice → the applying role', `ALTER ${object} OWNER TO CURRENT_USER`],
      [{}, { owner: undefined }, nothing, 'not declared'],
      ...(privilege === ''
        ? []
        : ([
            [
              { grants: [grant(privilege, 'bob')] },
              { owner: 'bob' },
              'owner: alice → bob',
              `REVOKE ALL ON ${securable} FROM bob; ALTER ${object} OWNER TO bob`,
            ],
          ] as const)),
    ],
    ownedByCurrentRole: [[{ ownedByCurrentRole: true }, { owner: null }, nothing, 'the applying role owns it already']],
  }
}

/** What a manifest may leave open. `defaults` are the grants without any GRANT. */
export const openAccess = (privilege: string, defaults: readonly Grant[] = []) => ({
  owner: ['bob', 'alice', null] as const,
  grants: [[grant(privilege, 'analyst')], [grant(privilege, 'reader')], defaults] as const,
  revokedFromOwner: [[privilege], [], []] as const,
})

export const writtenAccess = (privilege: string) => ({
  owner: 'bob',
  grants: { [privilege]: ['Case "Role"', { role: 'chief', with_grant_option: true }, 'public'] },
  revoked_from_owner: [privilege],
})
