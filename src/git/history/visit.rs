//! Gives every blob and every message once.

use std::sync::Mutex;
use std::sync::PoisonError;

use rayon::prelude::*;

use super::census::{Census, index};
use super::expand::{Base, Looker, Pass};
use super::problems::Problems;
use super::trees::Reader;
use super::whole::Whole;
use super::{Each, History, Item, Objects, Placed, Places};
use crate::git::inflate::{Flaw, Inflater};
use crate::git::loose;
use crate::git::objects::{Object, ObjectKind};
use crate::git::store::Store;

impl History {
    /// Gives every blob, and every commit and tag, once to `each`, in parallel and in no order.
    ///
    /// `want` is asked for blobs first, with their places and their size in bytes. Returns what could
    /// not be given, in words: broken objects, blobs larger than `limit` bytes.
    pub fn visit(
        &self,
        limit: usize,
        want: &(dyn Fn(&[Placed], u64) -> bool + Sync),
        each: &Each<'_>,
    ) -> Vec<String> {
        let problems = Problems::default();
        match &self.objects {
            Objects::Whole(whole) => self.visit_whole(whole, limit, want, each, &problems),
            Objects::Picked { oids, visited } => {
                visited.par_iter().for_each(|number| {
                    let Some(oid) = oids.get(index(*number)) else {
                        return;
                    };
                    let places = self.places.of_object(*number);
                    match self.store.read(oid, limit) {
                        Ok(Some(object)) => {
                            let size = u64::try_from(object.data.len()).unwrap_or(u64::MAX);
                            if object.kind == ObjectKind::Blob && !want(places, size) {
                                return;
                            }
                            if object.kind == ObjectKind::Tree {
                                problems.add(|| {
                                    format!(
                                        "the object {oid} is no blob, as a tree says that it is"
                                    )
                                });
                                return;
                            }
                            each(Item::of(object.kind, *oid, &object.data, places));
                        }
                        Ok(None) => problems.add(|| format!("the object {oid} is missing")),
                        Err(error) => problems.add(|| error.to_string()),
                    }
                });
            }
        }
        problems.into_words()
    }

    fn visit_whole(
        &self,
        whole: &Whole,
        limit: usize,
        want: &(dyn Fn(&[Placed], u64) -> bool + Sync),
        each: &Each<'_>,
        problems: &Problems,
    ) {
        let pass = Pass::new(&whole.census, limit, problems, false);
        let giver = || Giver {
            whole,
            places: &self.places,
            pass: &pass,
            want,
            each,
        };
        pass.run(|kind| whole.is_to_give(kind), giver);
        let loose: Vec<u32> = (whole.census.loose_from..)
            .take(whole.census.loose_folders.len())
            .collect();
        loose.into_par_iter().with_min_len(16).for_each_init(
            || (giver(), Inflater::new(), Inflater::new()),
            |(giver, starter, inflater), number| {
                let Some(kind) = whole.kind(number) else {
                    return;
                };
                if !giver.may_want(number, kind) {
                    return;
                }
                match read(&self.store, &pass, number, starter, inflater, giver) {
                    Ok(Some(object)) => giver.give(number, object.kind, &object.data),
                    Ok(None) => {}
                    Err(flaw) => pass.problem(number, flaw),
                }
            },
        );
    }
}

/// Hands objects to the caller of [`History::visit`].
struct Giver<'a> {
    whole: &'a Whole,
    places: &'a Places,
    pass: &'a Pass<'a>,
    want: &'a (dyn Fn(&[Placed], u64) -> bool + Sync),
    each: &'a Each<'a>,
}

impl Giver<'_> {
    /// Gives an object, unless another copy of it is given, or it is not what its name says.
    fn give(&self, number: u32, kind: ObjectKind, data: &[u8]) {
        let Pass {
            census, problems, ..
        } = self.pass;
        let sound = census.check_doubled(number, kind, data, problems);
        if sound && census.copies.get(number) {
            return;
        }
        if let Some(oid) = census.oid(number) {
            let places = self.places.of_object(number);
            (self.each)(Item::of(kind, oid, data, places));
        }
    }
}

impl Looker for Giver<'_> {
    type Note = ();

    fn may_want(&self, number: u32, kind: ObjectKind) -> bool {
        self.whole.is_to_give(kind) && self.whole.is_visited(number)
    }

    fn wants(&mut self, number: u32, kind: ObjectKind, size: u64) -> bool {
        kind != ObjectKind::Blob || (self.want)(self.places.of_object(number), size)
    }

    fn look(
        &mut self,
        number: u32,
        kind: ObjectKind,
        data: &[u8],
        _base: Option<Base<'_, ()>>,
        is_base: bool,
    ) {
        let size = u64::try_from(data.len()).unwrap_or(u64::MAX);
        // Of a base it was not yet asked.
        if is_base && !(self.may_want(number, kind) && self.wants(number, kind, size)) {
            return;
        }
        self.give(number, kind, data);
    }
}

/// Reads a loose object; `None` if the looker does not want it.
fn read(
    store: &Store,
    pass: &Pass<'_>,
    number: u32,
    starter: &mut Inflater,
    inflater: &mut Inflater,
    looker: &mut impl Looker,
) -> Result<Option<Object>, Flaw> {
    let Some(file) = file(store, pass.census, number, pass.limit)? else {
        return Err("is not there any more");
    };
    let (kind, size, _) = loose::header(&file, starter)?;
    if !looker.wants(number, kind, size) {
        return Ok(None);
    }
    pass.allow(usize::try_from(size).unwrap_or(usize::MAX).min(pass.limit))?;
    loose::parse(&file, pass.limit, starter, inflater).map(Some)
}

fn file(
    store: &Store,
    census: &Census,
    number: u32,
    limit: usize,
) -> Result<Option<Vec<u8>>, Flaw> {
    let place = number.checked_sub(census.loose_from);
    let folder = place
        .and_then(|place| census.loose_folders.get(index(place)))
        .and_then(|folder| store.folders().get(index(*folder)));
    let (Some(folder), Some(oid)) = (folder, census.oid(number)) else {
        return Ok(None);
    };
    loose::open(folder, &oid, limit).map_err(|_| "cannot be read")
}

/// Finds the kinds of all loose objects, and reads those that are no blobs.
pub(super) fn read_loose<'a>(
    store: &Store,
    pass: &'a Pass<'a>,
    readers: &mut Vec<Reader<'a>>,
    reader: impl Fn() -> Reader<'a> + Sync,
) -> Vec<Option<ObjectKind>> {
    let census = pass.census;
    let count = census.loose_folders.len();
    let mut kinds = vec![None; count];
    if count == 0 {
        return kinds;
    }
    let threads = rayon::current_num_threads().max(1);
    let batch = count.div_ceil(threads);
    let more = Mutex::new(Vec::new());
    kinds
        .par_chunks_mut(batch)
        .enumerate()
        .for_each(|(which, kinds)| {
            let mut reader = reader();
            let (mut starter, mut inflater) = (Inflater::new(), Inflater::new());
            let first = census
                .loose_from
                .saturating_add(super::census::number_of(which.saturating_mul(batch)));
            for (kind, number) in kinds.iter_mut().zip(first..) {
                // Blobs are read when they are visited; here their start is enough.
                let found = start_of(store, census, number, &mut starter);
                match found {
                    Ok(ObjectKind::Blob) => *kind = Some(ObjectKind::Blob),
                    Ok(found) => {
                        *kind = Some(found);
                        let object = read(
                            store,
                            pass,
                            number,
                            &mut starter,
                            &mut inflater,
                            &mut reader,
                        );
                        match object {
                            Ok(Some(object)) => {
                                reader.look(number, object.kind, &object.data, None, false);
                            }
                            Ok(None) => {}
                            Err(flaw) => pass.problem(number, flaw),
                        }
                    }
                    Err(flaw) => pass.problem(number, flaw),
                }
            }
            more.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(reader);
        });
    readers.extend(more.into_inner().unwrap_or_else(PoisonError::into_inner));
    kinds
}

/// The kind of a loose object, from the start of its file.
fn start_of(
    store: &Store,
    census: &Census,
    number: u32,
    starter: &mut Inflater,
) -> Result<ObjectKind, Flaw> {
    let place = number.checked_sub(census.loose_from);
    let folder = place
        .and_then(|place| census.loose_folders.get(index(place)))
        .and_then(|folder| store.folders().get(index(*folder)));
    let (Some(folder), Some(oid)) = (folder, census.oid(number)) else {
        return Err("is not there any more");
    };
    let start = loose::start(folder, &oid).map_err(|_| "cannot be read")?;
    loose::header(&start, starter).map(|(kind, _, _)| kind)
}
