"""The findings as JUnit XML: a testsuite a section, so that any CI shows them."""

from xml.etree import ElementTree as ET

from app.qa.acceptance.findings import Finding, Status
from app.qa.acceptance.report import Report, measured, sections


def junit(report: Report) -> bytes:
    """Return the XML document; elements stand in the order that the common schemas want."""
    root = ET.Element("testsuites")
    for section, findings in sections(report.findings).items():
        suite = ET.SubElement(root, "testsuite", _suite(section, findings, report))
        properties = ET.SubElement(suite, "properties")
        for finding in findings:
            for name, percent in (("p50", 50), ("p95", 95), ("max", 100)):
                if (value := finding.percentile(percent)) is not None:
                    figure = {"name": f"{finding.item.id} {name} {finding.unit}".strip(), "value": f"{value:g}"}
                    ET.SubElement(properties, "property", figure)
        for finding in findings:
            _case(suite, finding)
        ET.SubElement(suite, "system-out")
        ET.SubElement(suite, "system-err")
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _suite(section: int, findings: list[Finding], report: Report) -> dict[str, str]:
    def count(status: Status) -> str:
        return str(sum(finding.status is status for finding in findings))

    return {
        "name": f"qa.{section}",
        "tests": str(len(findings)),
        "failures": count(Status.FAILED),
        "errors": "0",
        "skipped": count(Status.SKIPPED),
        "time": f"{sum(finding.seconds for finding in findings):.3f}",
        "timestamp": report.started_at.partition("+")[0],
        "hostname": report.base_url.partition("://")[2] or report.base_url,
    }


def _case(suite: ET.Element, finding: Finding) -> None:
    name = f"{finding.item.id} {finding.item.title}"
    attributes = {"classname": f"qa.{finding.item.section}", "name": name, "time": f"{finding.seconds:.3f}"}
    case = ET.SubElement(suite, "testcase", attributes)
    if finding.status is Status.SKIPPED:
        ET.SubElement(case, "skipped", {"message": finding.reason})
    elif finding.status is Status.FAILED:
        seen = ", ".join(part for part in (measured(finding), finding.reason) if part)
        message = "; ".join(
            part for part in (seen, f"limit {finding.item.limit}" if finding.item.limit else "") if part
        )
        failure = ET.SubElement(case, "failure", {"message": f"{message} → {finding.fix}", "type": "acceptance"})
        failure.text = finding.fix
