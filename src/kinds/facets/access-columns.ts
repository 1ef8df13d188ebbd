// Who owns an object and what other roles may do with it, as attributes of a spec in a catalog query.

/** Grants are read in a fixed order: another order would change the fingerprint, and a plan would be stale. */
const grantOrder = 'a.grantee, a.grantor, a.privilege_type'

/**
 * Attributes of a spec in a catalog query: `sort` is the letter of the object type for acldefault, `owner` an OID, `acl` an
 * aclitem[]. A NULL acl: only the owner has privileges, unless `defaultAcl` is given.
 */
export function accessColumns(
  sort: string,
  owner: string,
  ownAcl: string,
  { columnGrants = "'[]'::jsonb", defaultAcl = 'NULL' } = {},
): string {
  const acl = defaultAcl === 'NULL' ? ownAcl : `coalesce(${ownAcl}, ${defaultAcl})`
  return `
    'hasAcl', ${ownAcl} IS NOT NULL,
    'revokedFromOwner', CASE WHEN ${acl} IS NULL THEN '[]' ELSE (
      SELECT coalesce(jsonb_agg(lower(usual.privilege_type) ORDER BY lower(usual.privilege_type)), '[]')
        FROM aclexplode(acldefault('${sort}', ${owner})) usual
       WHERE usual.grantee = ${owner} AND NOT EXISTS (SELECT 1 FROM aclexplode(${acl}) a
             WHERE a.grantee = usual.grantee AND a.privilege_type = usual.privilege_type)) END,
    'owner', pg_get_userbyid(${owner}),
    'ownedByCurrentRole', ${owner} = quote_ident(current_user)::regrole,
    'grants', ${columnGrants} || CASE WHEN ${acl} IS NULL THEN '[]' ELSE (
      SELECT coalesce(jsonb_agg(${grantRow('NULL', owner)} ORDER BY ${grantOrder}), '[]')
        FROM aclexplode(${acl}) a WHERE a.grantee <> ${owner}) END`
}

/** The same for the relation `c`, a row of pg_class, whose columns have grants too. */
export const relationAccessColumns: string = accessColumns('r', 'c.relowner', 'c.relacl', {
  columnGrants: `
    (SELECT coalesce(jsonb_agg(${grantRow('granted.attname', 'c.relowner')} ORDER BY granted.attnum, ${grantOrder}), '[]')
       FROM pg_attribute granted, aclexplode(granted.attacl) a
      WHERE granted.attrelid = c.oid AND granted.attnum > 0 AND NOT granted.attisdropped AND granted.attacl IS NOT NULL AND a.grantee <> c.relowner)`,
})

function grantRow(column: string, owner: string): string {
  return `jsonb_build_object('privilege', lower(a.privilege_type), 'column', ${column}, 'grantable', a.is_grantable,
    'role', CASE WHEN a.grantee <> 0 THEN pg_get_userbyid(a.grantee) END,
    'by', CASE WHEN a.grantor <> ${owner} THEN pg_get_userbyid(a.grantor) END)`
}
