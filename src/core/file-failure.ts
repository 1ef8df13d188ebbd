// Why a file could not be read or written, or a process not be started, in words.

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  ENOTDIR: 'no such folder',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files',
  ELOOP: 'symbolic links in a circle',
  E2BIG: 'its arguments are too long',
  EAGAIN: 'there are too many processes',
}

/** `permission denied`. The code itself, if it is none of the usual ones. */
export function fileFailure(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  return reasons[code] ?? code
}
