// Keeps the options that name a file to write from destroying what the same command reads.

import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { usageError } from '../core/errors.ts'
import { oneLine } from '../core/printable.ts'
import { lockPathOf } from '../library/load-manifest.ts'

/**
 * @param path what the option names, if it is given; `-` is no file
 * @param inputs the files and folders that the command reads
 * @throws FdwsyncError if the file is one of them, or would become one
 */
export function refuseToOverwrite(option: string, path: string | undefined, inputs: readonly string[]): void {
  if (path === undefined || path === '-') return
  const read = [...inputs, lockPathOf(inputs) ?? []].flat()
  const input = read.find((each) => isSameFile(path, each) || isManifestIn(path, each))
  if (input === undefined) return
  throw usageError(
    `${option} ${oneLine(path)}: this would overwrite or extend what the command reads`,
    `The command reads ${oneLine(input)}. Name another file.`,
  )
}

function isSameFile(one: string, other: string): boolean {
  const [left, right] = [one, other].map(identityOf)
  return left !== undefined && right !== undefined && left.dev === right.dev && left.ino === right.ino
}

/** Undefined for what does not exist or cannot be examined. */
function identityOf(path: string): { readonly dev: number; readonly ino: number } | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}

/** Whether a folder of manifests would have the file as another one of them. */
function isManifestIn(path: string, folder: string): boolean {
  return /\.ya?ml$/i.test(path) && isSameFile(dirname(path), folder)
}
