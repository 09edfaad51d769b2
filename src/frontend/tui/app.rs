//! The whole UI without a terminal: tabs, the layers above them, the last result; events in, orders out. The loop in
//! `mod.rs` carries the orders out.

mod mouse;
mod pressed;
mod results;

use std::collections::VecDeque;
use std::time::{Instant, SystemTime};

use ratatui::Frame;
use ratatui::layout::Rect;

use super::breadcrumb::Breadcrumb;
use super::edges;
use super::event::Event;
use super::jobs::{Job, Lane, Report, fix, write};
use super::keys::Key;
use super::layer::Layer;
use super::screen::{Flow, Scope, Ticket, Tickets, Toast};
use super::screens::{TABS, editor, fix_preview, form_layer, passphrase::Passphrase};
use super::taking_back;
use super::theme::Meaning;
use super::widgets::key_bar;
use crate::model::{EntryPath, Problem, Secret};

/// Smallest terminal that is drawn on.
const SMALLEST: (u16, u16) = (44, 10);

/// From this height on a rule separates the tabs from the body.
const ROOMY: u16 = 14;

/// The name on the app's own tickets.
const NAME: &str = "app";

/// What the loop has to do.
pub(super) enum Order {
    Start(Ticket, Job),
    CallOff(Ticket),
    /// Bytes for the terminal itself.
    Send(Secret),
    /// Back to the shell until it brings us back.
    Suspend,
    /// Paint everything anew.
    Repaint,
    /// Ask the terminal for the mouse, or no longer.
    Mouse(bool),
}

/// The terminal UI between two events.
pub(super) struct App {
    pub(super) scope: Scope,
    tabs: Vec<Box<dyn Layer>>,
    current: usize,
    layers: Vec<Box<dyn Layer>>,
    breadcrumb: Breadcrumb,
    tickets: Tickets,
    toast: Option<(Toast, Instant)>,
    /// What the toasts said, the last one at the end.
    said: VecDeque<(SystemTime, Toast)>,
    undo_tickets: Tickets,
    /// The undo key's question is on its way: what is typed or pointed at meanwhile is meant for it, or for nothing.
    awaits_question: Option<Ticket>,
    /// Of jobs on their way that may use the key: afterwards it is another, or its agent.
    opening: Vec<Ticket>,
    later: Option<(Instant, Vec<u8>)>,
    orders: Vec<Order>,
    pointer: mouse::Pointer,
    quit: bool,
}

impl App {
    pub(super) fn new(scope: Scope, breadcrumb: Breadcrumb) -> App {
        App {
            scope,
            tabs: TABS.iter().map(|tab| (tab.open)()).collect(),
            current: 0,
            layers: Vec::new(),
            breadcrumb,
            tickets: Tickets::of(NAME),
            toast: None,
            said: VecDeque::new(),
            undo_tickets: Tickets::of(taking_back::NAME),
            awaits_question: None,
            opening: Vec::new(),
            later: None,
            orders: Vec::new(),
            pointer: mouse::Pointer::default(),
            quit: false,
        }
    }

    /// The first questions; after the first frame.
    pub(super) fn begin(&mut self) {
        self.ask(Job::Whereabouts);
        self.enter_tab(self.current);
    }

    fn ask(&mut self, job: Job) {
        let ticket = self.tickets.next();
        self.orders.push(Order::Start(ticket, job));
    }

    fn start(&mut self, ticket: Ticket, job: Job) {
        if matches!(job.lane(), Lane::Open | Lane::Away) {
            self.opening.push(ticket);
        }
        self.orders.push(Order::Start(ticket, job));
    }

    pub(super) fn wants_to_quit(&self) -> bool {
        self.quit
    }

    pub(super) fn take_orders(&mut self) -> Vec<Order> {
        std::mem::take(&mut self.orders)
    }

    /// Bytes that the terminal has to be sent before the program ends: what would have been sent later.
    pub(super) fn last_words(&mut self) -> Option<Vec<u8>> {
        self.later.take().map(|(_, bytes)| bytes)
    }

    /// The next time at which something changes by itself; None while nothing does.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let now = self.scope.now;
        let layers = self.tabs.iter().chain(&self.layers).filter_map(|layer| layer.deadline(now));
        let toast = self.toast.as_ref().map(|(_, until)| *until);
        let later = self.later.as_ref().map(|(at, _)| *at);
        let window = self.breadcrumb.changes_in(self.scope.wall).map(|wait| now + wait);
        layers.chain(toast).chain(later).chain(window).min()
    }

    /// Time has passed.
    pub(super) fn lapse(&mut self) {
        let now = self.scope.now;
        self.tabs.iter_mut().chain(&mut self.layers).for_each(|layer| layer.lapse(now));
        self.toast.take_if(|(_, until)| *until <= now);
        if let Some((_, bytes)) = self.later.take_if(|(at, _)| *at <= now) {
            self.orders.push(Order::Send(Secret::new(bytes)));
        }
    }

    /// Events that concern the screens; the loop keeps the rest.
    pub(super) fn handle(&mut self, event: Event) {
        match event {
            Event::Key(key) => {
                if let Some(key) = Key::of(&key) {
                    self.press(key);
                }
            }
            Event::Paste(_) | Event::Mouse(_) if self.is_too_small() || self.awaits_question.is_some() => {}
            Event::Paste(text) => {
                let scope = self.scope.clone();
                let flow = self.top().paste(&text, &scope);
                self.follow(flow);
            }
            Event::Mouse(mouse) => self.pointed(mouse),
            Event::Report(ticket, report) => self.report(ticket, *report),
            Event::Part(ticket, part) => {
                if let Some(owner) = self.owner(ticket) {
                    owner.part(ticket.number, *part);
                }
            }
            Event::Progress(ticket, pace) => {
                if let Some(owner) = self.owner(ticket) {
                    owner.progress(ticket.number, pace);
                }
            }
            Event::Called => {
                let flow = self.tabs[self.current].called();
                self.follow(flow);
            }
            Event::Passphrase { what_for, reply } => self.layers.push(Box::new(Passphrase::new(what_for, reply))),
            // A job that had the key unlocked may take long.
            Event::ScreenFree => self.ask(Job::OwnKey),
            Event::Resized | Event::Signal(_) | Event::Visit(_) | Event::Lost | Event::ScreenWanted { .. } => {}
        }
    }

    fn show_tab(&mut self, index: usize) {
        if index < self.tabs.len() && index != self.current {
            self.tabs[self.current].leave();
            self.current = index;
            self.enter_tab(index);
        }
    }

    fn enter_tab(&mut self, index: usize) {
        let scope = self.scope.clone();
        let flow = self.tabs[index].enter(&scope);
        self.follow(flow);
    }

    fn report(&mut self, ticket: Ticket, report: Result<Report, Problem>) {
        if ticket.owner == NAME {
            // A problem here is told by the store tab too, with room for its hint.
            match report {
                Ok(Report::Whereabouts(found)) => {
                    if found.lock.is_none() {
                        self.ask(Job::OwnKey);
                    }
                    self.breadcrumb.learn(found);
                }
                Ok(Report::OwnKey(found)) => self.breadcrumb.learn_key(found),
                _ => {}
            }
            return;
        }
        if let Some(at) = self.opening.iter().position(|opening| *opening == ticket) {
            self.opening.remove(at);
            // It may have unlocked the key, or started its agent, also where it was called off.
            self.ask(Job::OwnKey);
        }
        if ticket.owner == taking_back::NAME {
            return self.take_back(ticket, report);
        }
        if let Ok(Report::Overview(found)) = &report {
            self.breadcrumb.learn_windows(&found.windows);
        }
        if let Ok(Report::Entries(_) | Report::Registries(..)) = &report {
            self.ask(Job::Whereabouts);
        }
        let scope = self.scope.clone();
        let flow = match (self.owner(ticket), report) {
            (Some(owner), report) => owner.report(ticket.number, report, &scope),
            // A write is told even when what asked for it was closed meanwhile.
            (None, Ok(Report::Write(write::Report::Done(done)))) => form_layer::told(done, &scope),
            (None, Ok(Report::Fix(fix::Report::Applied(applied)))) => fix_preview::told(&applied, &scope),
            (None, Err(problem)) if [form_layer::NAME, editor::NAME, fix_preview::NAME].contains(&ticket.owner) => {
                Flow::Say(Toast::warn(problem.one_line()))
            }
            (None, _) => Flow::Stay,
        };
        self.follow(flow);
    }

    /// Who asked, if it is still there.
    fn owner(&mut self, ticket: Ticket) -> Option<&mut Box<dyn Layer>> {
        self.layers.iter_mut().chain(&mut self.tabs).find(|layer| layer.name() == ticket.owner)
    }

    fn follow(&mut self, flow: Flow) {
        match flow {
            Flow::Stay => {}
            Flow::Push(layer) => self.push(layer),
            Flow::Pop => {
                if let Some(mut layer) = self.layers.pop() {
                    layer.leave();
                    let scope = self.scope.clone();
                    let flow = self.top().enter(&scope);
                    self.follow(flow);
                }
                if self.layers.is_empty() {
                    self.enter_tab(self.current);
                }
            }
            Flow::Shut(name) => {
                if let Some(at) = self.layers.iter().position(|layer| layer.name() == name) {
                    // The last one goes as any does.
                    self.layers.drain(at + 1..).for_each(|mut layer| layer.leave());
                    self.follow(Flow::Pop);
                }
            }
            Flow::Start(ticket, job) => self.start(ticket, job),
            Flow::CallOff(ticket) => self.orders.push(Order::CallOff(ticket)),
            Flow::StoreChanged => {
                self.tabs.iter_mut().chain(&mut self.layers).for_each(|layer| layer.outdate());
                if self.layers.is_empty() {
                    self.enter_tab(self.current);
                }
            }
            Flow::FolderMoved { from, to } => self.tabs.iter_mut().for_each(|tab| tab.folder_moved(&from, &to)),
            Flow::FindEntry(_) | Flow::FindFolder(_) | Flow::FindRegistry(_) | Flow::ShowTab(_)
                if self.holds_work() => {}
            Flow::FindEntry(entry) => self.find_entry(&entry, false),
            Flow::FindFolder(folder) => self.find_entry(&folder, true),
            Flow::FindRegistry(name) => self.find_registry(&name),
            Flow::ShowTab(title) => {
                self.close_layers();
                if let Some(index) = TABS.iter().position(|tab| tab.title == title) {
                    self.show_tab(index);
                }
            }
            Flow::Audited(verdicts) => self.scope.audit = Some(verdicts),
            Flow::Say(toast) => self.say(toast),
            Flow::Press(key) => self.press(key),
            Flow::Send(bytes) => self.orders.push(Order::Send(bytes)),
            Flow::SendLater(at, bytes) => self.later = Some((at, bytes)),
            Flow::Many(flows) => flows.into_iter().for_each(|flow| self.follow(flow)),
        }
    }

    /// What lies below keeps no secret in sight.
    fn push(&mut self, mut layer: Box<dyn Layer>) {
        self.top().leave();
        let scope = self.scope.clone();
        let flow = layer.enter(&scope);
        self.layers.push(layer);
        self.follow(flow);
    }

    fn close_layers(&mut self) {
        while let Some(mut layer) = self.layers.pop() {
            layer.leave();
        }
    }

    /// What the person has written is not closed by what a worker says.
    fn holds_work(&self) -> bool {
        self.layers.iter().any(|layer| layer.holds_work())
    }

    fn find_registry(&mut self, name: &str) {
        self.close_layers();
        let scope = self.scope.clone();
        for index in 0..self.tabs.len() {
            if let Some(flow) = self.tabs[index].find_registry(name, &scope) {
                self.show_tab(index);
                return self.follow(flow);
            }
        }
    }

    fn find_entry(&mut self, entry: &EntryPath, as_folder: bool) {
        self.close_layers();
        for index in 0..self.tabs.len() {
            if let Some(flow) = self.tabs[index].find_entry(entry, as_folder) {
                self.show_tab(index);
                return self.follow(flow);
            }
        }
    }

    fn top(&mut self) -> &mut dyn Layer {
        match self.layers.last_mut() {
            Some(layer) => layer.as_mut(),
            None => self.tabs[self.current].as_mut(),
        }
    }

    /// The screen without what is secret or waits for an answer; before the terminal is given away.
    pub(super) fn hide_secrets(&mut self) {
        self.tabs.iter_mut().chain(&mut self.layers).for_each(|layer| layer.leave());
    }

    /// Nothing can be seen of what keys would do.
    fn is_too_small(&self) -> bool {
        self.scope.size.width < SMALLEST.0 || self.scope.size.height < SMALLEST.1
    }

    pub(super) fn draw(&mut self, frame: &mut Frame<'_>) {
        let area = frame.area();
        self.scope.size = area;
        let scope = self.scope.clone();
        if self.is_too_small() {
            return edges::draw_notice(frame, area, SMALLEST, self.holds_work(), &scope);
        }
        let line = |y: u16| Rect { y, height: 1, ..area };
        let roomy = u16::from(area.height >= ROOMY);
        let body = Rect { y: 2 + roomy, height: area.height - 4 - roomy, ..area };
        self.breadcrumb.draw(frame.buffer_mut(), line(0), &scope);
        edges::draw_tabs(frame.buffer_mut(), line(1), self.current, self.breadcrumb.is_demo(), &scope);
        let rule = scope.theme.glyphs.rule.repeat(usize::from(area.width));
        if roomy == 1 {
            frame.buffer_mut().set_string(0, 2, &rule, scope.theme.style(Meaning::Muted));
        }
        frame.buffer_mut().set_string(0, area.height - 2, &rule, scope.theme.style(Meaning::Muted));
        self.tabs[self.current].draw(frame, body, &scope);
        for layer in &mut self.layers {
            layer.draw(frame, body, &scope);
        }
        if let Some((toast, _)) = &self.toast {
            edges::draw_toast(frame.buffer_mut(), line(area.height - 2), toast, &scope);
        }
        let rows = self.hint_rows();
        let tally = self.top().tally();
        key_bar::draw(frame.buffer_mut(), line(area.height - 1), &rows, &tally, &scope);
    }
}
