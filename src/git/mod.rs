//! Git repositories, read without Git: objects, index, references, history. Nothing is ever run, and
//! nothing is written.
