//! Making files.

use super::time_set;
use crate::contents::Use;
use crate::file_system::Ffs;
use crate::layout::{
    AREA_BYTES_MAX, BlockArea, Format, FragNo, Inode, Lbn, POINTERS, Pointers, device_raw, mode,
};
use crate::transaction::{Step, Transaction};
use abi::{DeviceNumber, FileId, FileType, InodeNo, Result, Timestamp};
use vfs::{Name, NewFile, NewKind};

impl Ffs {
    /// See [`vfs::WritableFileSystem::create`].
    pub(crate) async fn create_file(
        &self,
        directory: FileId,
        name: Name<'_>,
        new: &NewFile<'_>,
        time: Timestamp,
    ) -> Result<FileId> {
        let parent = self.directory(directory).await?;
        self.expect_free(&parent, name).await?;
        let room = self.room_for(&parent, name.bytes()).await?;
        let is_directory = new.kind == NewKind::Directory;
        self.transact(time, |transaction| {
            if is_directory {
                transaction.expect_room_for_link(parent.number)?;
            }
            let (number, generation) = transaction.allocate_inode(parent.number, is_directory)?;
            let inode = transaction.new_inode(new, generation);
            transaction.charge_file(&inode)?;
            transaction.set_inode(number, inode)?;
            transaction.start(number, parent.number, new.kind)?;
            let file_type = file_type(new.kind);
            transaction.enter(parent.number, &room, name.bytes(), number, file_type)?;
            transaction.touch_entries(parent.number, is_directory.into())?;
            Ok(FileId { inode: number, generation })
        })
        .await
    }
}

impl Transaction<'_> {
    /// The inode of a new file, with nothing in it.
    fn new_inode(&self, new: &NewFile<'_>, generation: u32) -> Inode {
        let time = self.time;
        Inode {
            mode: type_bits(new.kind) | new.mode as u16 & mode::PERMISSIONS,
            links: if new.kind == NewKind::Directory { 2 } else { 1 },
            uid: new.uid,
            gid: new.gid,
            accessed: time_set(new.accessed, time).unwrap_or(time),
            modified: time_set(new.modified, time).unwrap_or(time),
            changed: time,
            born: (self.ffs.geometry.format == Format::Ufs2).then_some(time),
            generation,
            area: area(new.kind),
            ..Inode::free()
        }
    }

    /// What a new file holds from the beginning.
    fn start(&mut self, number: InodeNo, parent: InodeNo, kind: NewKind<'_>) -> Step<()> {
        match kind {
            NewKind::Directory => self.start_directory(number, parent),
            NewKind::SymbolicLink(target) => self.start_link(number, target),
            _ => Ok(()),
        }
    }

    /// A short target stands in the inode, a longer one in a block of its own.
    fn start_link(&mut self, number: InodeNo, target: &[u8]) -> Step<()> {
        let geometry = &self.ffs.geometry;
        let area_bytes = POINTERS * geometry.format.pointer_bytes() as usize;
        let limit = usize::try_from(geometry.inline_link_bytes_max).unwrap_or(0);
        let is_short = target.len() < limit && target.len() <= area_bytes;
        let mut inode = self.inode(number)?;
        if is_short {
            let mut text = [0; AREA_BYTES_MAX];
            text[..target.len()].copy_from_slice(target);
            inode.area = BlockArea::Text(text);
        } else {
            // Its size says that the inode has pointers, not text.
            inode.size_bytes = target.len() as u64;
            self.set_inode(number, inode)?;
            let block = self.ready_block(number, Lbn(0), target.len() as u32, Use::Metadata)?;
            let (page, offset) = self.place(block.frag);
            let bytes = self.metadata_mut(page, offset..offset + target.len())?;
            bytes.copy_from_slice(target);
            inode = self.inode(number)?;
        }
        inode.size_bytes = target.len() as u64;
        self.set_inode(number, inode)
    }
}

fn area(kind: NewKind<'_>) -> BlockArea {
    let mut pointers = Pointers::default();
    if let NewKind::BlockDevice(device) | NewKind::CharacterDevice(device) = kind {
        pointers.direct[0] = raw_device(device);
    }
    BlockArea::Pointers(pointers)
}

/// A device's number stands where the first block's would.
fn raw_device(device: DeviceNumber) -> FragNo {
    FragNo(device_raw(device).into())
}

fn file_type(kind: NewKind<'_>) -> FileType {
    match kind {
        NewKind::Regular => FileType::Regular,
        NewKind::Directory => FileType::Directory,
        NewKind::SymbolicLink(_) => FileType::SymbolicLink,
        NewKind::BlockDevice(_) => FileType::BlockDevice,
        NewKind::CharacterDevice(_) => FileType::CharacterDevice,
        NewKind::Socket => FileType::Socket,
        NewKind::Fifo => FileType::Fifo,
    }
}

fn type_bits(kind: NewKind<'_>) -> u16 {
    match kind {
        NewKind::Regular => mode::REGULAR,
        NewKind::Directory => mode::DIRECTORY,
        NewKind::SymbolicLink(_) => mode::SYMBOLIC_LINK,
        NewKind::BlockDevice(_) => mode::BLOCK_DEVICE,
        NewKind::CharacterDevice(_) => mode::CHARACTER_DEVICE,
        NewKind::Socket => mode::SOCKET,
        NewKind::Fifo => mode::FIFO,
    }
}
