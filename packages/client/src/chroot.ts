/** The node that a client takes for the root, and the two ways to spell a path. */
export class Chroot {
  /** An empty string is the root itself. */
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** The path as servers know it. */
  toServer(path: string): string {
    if (this.path === '') return path
    return path === '/' ? this.path : this.path + path
  }

  /** The path as the application knows it. One that is not below the chroot stays as it is. */
  toClient(serverPath: string): string {
    const { path } = this
    if (path === '' || !serverPath.startsWith(path)) return serverPath
    if (serverPath.length === path.length) return '/'
    return serverPath.charAt(path.length) === '/' ? serverPath.slice(path.length) : serverPath
  }
}
