//! What differs between systems: identity, owner and mode of a file, and how to flush.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

/// What tells two files apart while both exist: device and inode.
///
/// `None` where the system has no such number in std; callers then skip the comparison.
#[cfg(unix)]
pub(super) fn identity(meta: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((meta.dev(), meta.ino()))
}

#[cfg(not(unix))]
pub(super) fn identity(_meta: &Metadata) -> Option<(u64, u64)> {
    None
}

/// The number of names (hard links) of a file.
#[cfg(unix)]
pub(super) fn links(meta: &Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    meta.nlink()
}

#[cfg(not(unix))]
pub(super) fn links(_meta: &Metadata) -> u64 {
    1
}

/// Opens for reading without waiting for the other end of a pipe.
pub(super) fn open_without_waiting(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(flags(rustix::fs::OFlags::NONBLOCK));
    }
    options.open(path)
}

/// Opens a temporary file of ours for locking: no links, no waiting.
///
/// Writable if possible, since NFS locks need it; read-only files can still be locked elsewhere.
pub(super) fn open_for_lock(path: &Path) -> io::Result<File> {
    let open = |write| {
        let mut options = File::options();
        options.read(true).write(write);
        #[cfg(unix)]
        {
            use rustix::fs::OFlags;
            use std::os::unix::fs::OpenOptionsExt;
            options.custom_flags(flags(OFlags::NONBLOCK | OFlags::NOFOLLOW));
        }
        options.open(path)
    };
    open(true).or_else(|_| open(false))
}

#[cfg(unix)]
fn flags(flags: rustix::fs::OFlags) -> i32 {
    // Open flags fit the C `int` that open(2) takes.
    i32::try_from(flags.bits()).unwrap_or(0)
}

/// Gives `file` the owner and group of `old`. Asks the system only if they differ.
#[cfg(unix)]
pub(super) fn keep_owner(file: &File, old: &Metadata) -> io::Result<()> {
    keep_owner_with(file, old, |uid, gid| {
        std::os::unix::fs::fchown(file, uid, gid)
    })
}

#[cfg(unix)]
pub(super) fn keep_owner_with(
    file: &File,
    old: &Metadata,
    change: impl FnOnce(Option<u32>, Option<u32>) -> io::Result<()>,
) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let new = file.metadata()?;
    let uid = (new.uid() != old.uid()).then_some(old.uid());
    let gid = (new.gid() != old.gid()).then_some(old.gid());
    if uid.is_none() && gid.is_none() {
        return Ok(());
    }
    change(uid, gid)
}

#[cfg(not(unix))]
pub(super) fn keep_owner(_file: &File, _old: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Gives `file` the mode of `old`; without the bits for group and others if it is `private`.
#[cfg(unix)]
pub(super) fn keep_mode(file: &File, old: &Metadata, private: bool) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let kept = if private { 0o700 } else { 0o7777 };
    file.set_permissions(std::fs::Permissions::from_mode(old.mode() & kept))
}

#[cfg(not(unix))]
pub(super) fn keep_mode(_file: &File, _old: &Metadata, _private: bool) -> io::Result<()> {
    Ok(())
}

/// Lets everybody who may read a file run it.
#[cfg(unix)]
pub(super) fn allow_execution(file: &File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let mode = file.metadata()?.mode() & 0o7777;
    let mode = mode | (mode & 0o444) >> 2;
    file.set_permissions(std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
pub(super) fn allow_execution(_file: &File) -> io::Result<()> {
    Ok(())
}

/// Somebody may read the file and not run it.
#[cfg(unix)]
pub(super) fn lacks_execution(meta: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let mode = meta.mode();
    (mode & 0o444) >> 2 & !mode != 0
}

#[cfg(not(unix))]
pub(super) fn lacks_execution(_meta: &Metadata) -> bool {
    false
}

/// Copies extended attributes (access lists, security labels, user attributes), best effort.
///
/// Without the access list, a mode copied from a file that has one would say something else: its
/// group bits are then the list's mask. A `private` file does not get it, since it lets others in.
/// Failing is no error: a label the process may not set is set by the system's policy instead.
#[cfg(target_os = "linux")]
pub(super) fn copy_attributes(from: &File, to: &File, private: bool) {
    use rustix::fs::{
        XattrFlags, fgetxattr, fgetxattr_query, flistxattr, flistxattr_query, fsetxattr,
    };
    let Ok(size @ 1..) = flistxattr_query(from) else {
        return;
    };
    let mut names = vec![0_u8; size];
    let Ok(filled) = flistxattr(from, &mut names) else {
        return;
    };
    names.truncate(filled);
    for name in names
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
    {
        if private && name == b"system.posix_acl_access" {
            continue;
        }
        let Ok(size) = fgetxattr_query(from, name) else {
            continue;
        };
        let mut value = vec![0_u8; size];
        if let Ok(filled) = fgetxattr(from, name, &mut value) {
            value.truncate(filled);
            // A refusal is the system's policy, see above.
            let _ = fsetxattr(to, name, &value, XattrFlags::empty());
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn copy_attributes(_from: &File, _to: &File, _private: bool) {}

/// Whether group or others may do anything with the file.
#[cfg(unix)]
pub(super) fn is_open_to_others(meta: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    meta.mode() & 0o077 != 0
}

#[cfg(not(unix))]
pub(super) fn is_open_to_others(_meta: &Metadata) -> bool {
    false
}

/// The mode of a new file: `0666` less the umask, or `0600` if it is `private`.
#[cfg(unix)]
pub(super) fn new_file_mode(private: bool) -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    std::fs::Permissions::from_mode(if private { 0o600 } else { 0o666 })
}

/// Flushes the names in a folder, so that a rename outlives a power cut.
///
/// A file system that cannot flush a folder (some network ones) has nothing better to offer.
#[cfg(unix)]
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        other => other,
    }
}

#[cfg(not(unix))]
pub(super) fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Flushes everything on the file system that holds `file`. Linux only; elsewhere "unsupported".
///
/// Before Linux 5.8 a failed write-back is not reported by this call.
#[cfg(target_os = "linux")]
pub(super) fn sync_filesystem(file: &File) -> io::Result<()> {
    Ok(rustix::fs::syncfs(file)?)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn sync_filesystem(_file: &File) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether the process may not open more files for now.
pub(super) fn too_many_open(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        matches!(
            Errno::from_io_error(error),
            Some(Errno::MFILE | Errno::NFILE)
        )
    }
    #[cfg(not(unix))]
    {
        let _ = error;
        false
    }
}
