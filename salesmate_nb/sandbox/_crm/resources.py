"""The resources of an account (deals, contacts, companies, activities), and the fields of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Field:
    """A field of the field catalog.

    Parameters
    ----------
    name, label : str
        Its name in the API and in the user interface.
    type : str
        Its type in the field catalog.
    options : tuple of str
        The options of a ``Select``.
    parts : tuple of str
        The sub-fields of a relation; rules on the relation itself compare its ``id``.
    """

    name: str
    label: str
    type: str = "Text"
    options: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource of the API, such as deals; in its paths and rules it is called a module.

    Parameters
    ----------
    name : str
        Its name in paths and field names, such as ``deal``.
    plural : str
        The plural of its name.
    rule_name : str
        Its ``moduleName`` in rules, such as ``Deal``.
    module_id : int
        Its ``moduleId``.
    fields : tuple of Field
        The standard fields, which every account has.
    labels : mapping of str to str
        The labels of the custom fields of made-up records.
    """

    name: str
    plural: str
    rule_name: str
    module_id: int
    fields: tuple[Field, ...]
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)


_COMMUNICATION = (
    Field("lastCommunicationAt", "Last Communication At", "DateTime"),
    Field("lastCommunicationMode", "Last Communication Mode", "Select", ("Email", "Call", "Meeting")),
)
_CREATED = (
    Field("createdAt", "Created At", "DateTime"),
    Field("lastModifiedAt", "Last Modified At", "DateTime"),
)
_OWNER = Field("owner", "Owner", "User", parts=("id", "name", "email"))
_DEAL_FIELDS = (
    Field("id", "ID", "Int"),
    Field("title", "Title"),
    Field("dealValue", "Deal Value", "Currency"),
    Field("currency", "Currency", "Select", ("USD", "EUR", "GBP")),
    Field("status", "Status", "Select", ("Open", "Won", "Lost")),
    Field("stage", "Stage", "Select"),
    Field("pipeline", "Pipeline", "Select"),
    Field("priority", "Priority", "Select", ("High", "Medium", "Low")),
    Field("source", "Source", "Select"),
    Field("winProbability", "Win Probability", "Decimal"),
    Field("lostReason", "Lost Reason", "Select"),
    Field("description", "Description", "TextArea"),
    Field("tags", "Tags", "Tag"),
    Field("estimatedCloseDate", "Estimated Close Date", "Date"),
    Field("closedDate", "Closed Date", "DateTime"),
    Field("createdAt", "Created At", "DateTime"),
    Field("lastModifiedAt", "Last Modified At", "DateTime"),
    Field("lastActivityAt", "Last Activity At", "DateTime"),
    *_COMMUNICATION,
    Field("rottenDate", "Rotten Date", "DateTime"),
    Field("lastNote", "Last Note", "TextArea"),
    Field("openActivities", "Open Activities", "Int"),
    Field("closedActivities", "Closed Activities", "Int"),
    Field("isDeleted", "Deleted", "Boolean"),
    Field("owner", "Owner", "User", parts=("id", "name", "email")),
    Field("createdBy", "Created By", "User", parts=("id", "name")),
    Field("lastModifiedBy", "Last Modified By", "User", parts=("id", "name")),
    Field("primaryContact", "Primary Contact", "Lookup", parts=("id", "name", "email", "phone", "mobile")),
    Field("primaryCompany", "Primary Company", "Lookup", parts=("id", "name")),
)

DEALS = Resource(
    name="deal",
    plural="deals",
    rule_name="Deal",
    module_id=4,
    fields=_DEAL_FIELDS,
    labels={
        "textCustomField1": "Contract length",
        "intCustomField1": "Seats",
        "decimalCustomField1": "Discount %",
        "checkboxCustomField1": "Renewal",
        "dateTimeCustomField1": "Go-live",
    },
)
CONTACTS = Resource(
    name="contact",
    plural="contacts",
    rule_name="Contact",
    module_id=1,
    fields=(
        Field("id", "ID", "Int"),
        Field("name", "Name"),
        Field("firstName", "First Name"),
        Field("lastName", "Last Name"),
        Field("email", "Email", "Email"),
        Field("phone", "Phone", "Phone"),
        Field("mobile", "Mobile", "Phone"),
        Field("designation", "Designation"),
        Field("type", "Type", "Select", ("Lead", "Customer", "Partner")),
        Field("company", "Company", "Lookup", parts=("id", "name")),
        _OWNER,
        Field("tags", "Tags", "Tag"),
        Field("description", "Description", "TextArea"),
        *_COMMUNICATION,
        Field("openDealCount", "Open Deal Count", "Int"),
        Field("wonDealCount", "Won Deal Count", "Int"),
        *_CREATED,
    ),
    labels={"checkboxCustomField1": "Newsletter"},
)
COMPANIES = Resource(
    name="company",
    plural="companies",
    rule_name="Company",
    module_id=5,
    fields=(
        Field("id", "ID", "Int"),
        Field("name", "Name"),
        Field("type", "Type", "Select", ("Prospect", "Customer", "Partner")),
        Field("website", "Website", "URL"),
        Field("phone", "Phone", "Phone"),
        Field("billingCity", "Billing City"),
        Field("billingState", "Billing State"),
        Field("billingCountry", "Billing Country"),
        Field("billingZipCode", "Billing Zip Code"),
        _OWNER,
        Field("tags", "Tags", "Tag"),
        Field("description", "Description", "TextArea"),
        Field("annualRevenue", "Annual Revenue", "Currency"),
        Field("numberOfEmployees", "Number Of Employees", "Int"),
        _COMMUNICATION[0],
        *(
            Field(f"{status}DealCount", f"{status.capitalize()} Deal Count", "Int")
            for status in ("open", "won", "lost")
        ),
        *(
            Field(f"totalAmountOf{status}Deal", f"Total Amount Of {status} Deal", "Currency")
            for status in ("Open", "Won", "Lost")
        ),
        *_CREATED,
    ),
    labels={"intCustomField1": "Employees"},
)
ACTIVITIES = Resource(
    name="activity",
    plural="activities",
    rule_name="Task",
    module_id=2,
    fields=(
        Field("id", "ID", "Int"),
        Field("title", "Title"),
        Field("type", "Type", "Select", ("Call", "Meeting", "Email", "Task")),
        Field("isCompleted", "Completed", "Boolean"),
        Field("dueDate", "Due Date", "DateTime"),
        Field("endDate", "End Date", "DateTime"),
        Field("completedAt", "Completed At", "DateTime"),
        Field("duration", "Duration", "Int"),
        Field("outcome", "Outcome", "Select", ("Answered", "Not answered", "Moved")),
        Field("relatedToModule", "Related To Module", "Select", ("Deal", "Contact", "Company")),
        Field("relatedTo", "Related To", "Lookup", parts=("id", "title", "name")),
        Field("primaryContact", "Primary Contact", "Lookup", parts=("id", "name")),
        Field("primaryCompany", "Primary Company", "Lookup", parts=("id", "name")),
        Field("contact", "Contact", "Lookup", parts=("id", "name")),
        Field("company", "Company", "Lookup", parts=("id", "name")),
        Field("deal", "Deal", "Lookup", parts=("id", "title", "name")),
        _OWNER,
        Field("tags", "Tags", "Tag"),
        Field("description", "Description", "TextArea"),
        *_CREATED,
    ),
)

RESOURCES = {resource.name: resource for resource in (DEALS, CONTACTS, COMPANIES, ACTIVITIES)}
"""By name. Paths and module ids are from the v4 reference; fields are those that other connectors request."""
