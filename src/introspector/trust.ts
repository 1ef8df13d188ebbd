// Whose code is trusted: that of roles that could act as the applying role anyway, and of those that the manifest trusts.

/** From 16 on, a member of a role need not inherit its privileges, nor be able to SET ROLE to it. */
export const couldActAs = `CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER'
                                ELSE 'USAGE, SET, MEMBER WITH ADMIN OPTION' END`

/** The owner of something in a catalog: whoever owns an extension decides what is in it. */
export function ownerOf(catalog: string, oid: string, owner: string): string {
  return `coalesce((SELECT x.extowner FROM pg_depend e JOIN pg_extension x ON x.oid = e.refobjid
                     WHERE e.classid = '${catalog}'::regclass AND e.objid = ${oid} AND e.deptype = 'e'), ${owner})`
}

/** Whether a role is trusted by the current one. `trustedRoles` is an array of names. */
export function isTrustedRole(oid: string, trustedRoles: string): string {
  return `(SELECT r.rolsuper OR r.rolname = ANY (${trustedRoles}) OR pg_has_role(r.oid, current_user, ${couldActAs})
             FROM pg_roles r WHERE r.oid = ${oid})`
}
