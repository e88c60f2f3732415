"""The frozen values that every part of Wardroom speaks in: a file per noun, one import."""

from __future__ import annotations

from bot.model.arguments import Args, FreeText, Id, OneOf, Option, Risk, Secret, Word
from bot.model.builds import Build, BuildState, Stage
from bot.model.changes import (
    Change,
    ChangeResult,
    ChangeState,
    ChangeType,
    NewChange,
    Overlap,
)
from bot.model.commits import MOST_COMMITS, ChangeList, Commit, Relation
from bot.model.deploys import Batch, BatchState, Deploy, DeployState, Running, Wish
from bot.model.endpoints import Endpoint, EndpointKind, Login
from bot.model.engines import Channel, ChannelOrder, ChannelState, EngineChannel
from bot.model.estate import (
    ALERT_KINDS,
    CiTarget,
    Deployment,
    Environment,
    Probe,
    Rollout,
    Service,
    Validator,
)
from bot.model.events import (
    AuditCount,
    AuditPage,
    AuditQuery,
    Draft,
    Event,
    Json,
    Kind,
    Proof,
    Verdict,
)
from bot.model.findings import Alerts, Finding, Standing, counted
from bot.model.forms import Form, Input, InputKind
from bot.model.locks import Lock
from bot.model.messages import Invocation, Place
from bot.model.people import Account, AccountKind, Principal
from bot.model.reasons import Reason
from bot.model.replies import BELOW, Button, Image, Reply, Style, Table, Visibility
from bot.model.requests import UNKNOWN_AUTHOR, Approval, Proposal, Request, RequestState
from bot.model.reviews import LogState, Membership, Usage, Used
from bot.model.signatures import Signing, SigningStage
from bot.model.steps import Step, StepState
from bot.model.tasks import NewTask, Task, TaskKind
from bot.model.tickets import (
    TICKET_WANTED,
    TICKET_WAY,
    Ticket,
    TicketApproval,
    TicketMapping,
    TicketState,
)

__all__ = [
    "ALERT_KINDS",
    "BELOW",
    "MOST_COMMITS",
    "TICKET_WANTED",
    "TICKET_WAY",
    "UNKNOWN_AUTHOR",
    "Account",
    "AccountKind",
    "Alerts",
    "Approval",
    "Args",
    "AuditCount",
    "AuditPage",
    "AuditQuery",
    "Batch",
    "BatchState",
    "Build",
    "BuildState",
    "Button",
    "Change",
    "ChangeList",
    "ChangeResult",
    "ChangeState",
    "ChangeType",
    "Channel",
    "ChannelOrder",
    "ChannelState",
    "CiTarget",
    "Commit",
    "Deploy",
    "DeployState",
    "Deployment",
    "Draft",
    "Endpoint",
    "EndpointKind",
    "EngineChannel",
    "Environment",
    "Event",
    "Finding",
    "Form",
    "FreeText",
    "Id",
    "Image",
    "Input",
    "InputKind",
    "Invocation",
    "Json",
    "Kind",
    "Lock",
    "LogState",
    "Login",
    "Membership",
    "NewChange",
    "NewTask",
    "OneOf",
    "Option",
    "Overlap",
    "Place",
    "Principal",
    "Probe",
    "Proof",
    "Proposal",
    "Reason",
    "Relation",
    "Reply",
    "Request",
    "RequestState",
    "Risk",
    "Rollout",
    "Running",
    "Secret",
    "Service",
    "Signing",
    "SigningStage",
    "Stage",
    "Standing",
    "Step",
    "StepState",
    "Style",
    "Table",
    "Task",
    "TaskKind",
    "Ticket",
    "TicketApproval",
    "TicketMapping",
    "TicketState",
    "Usage",
    "Used",
    "Validator",
    "Verdict",
    "Visibility",
    "Wish",
    "Word",
    "counted",
]
