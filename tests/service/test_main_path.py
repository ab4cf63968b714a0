from tests.service.fakes import TRIALS, Service


def test_a_study_runs_from_submission_to_report(any_service: Service) -> None:
    study = any_service.submit()
    assert (study["state"], study["trials"], study["counts"]["waiting"]) == (
        "queued",
        TRIALS,
        TRIALS,
    )
    any_service.reconciler.look()
    worker = any_service.worker(study["id"])
    assert any_service.study(study["id"])["state"] == "running"
    worker.finish()
    done = any_service.study(study["id"])
    assert (done["state"], done["counts"]["completed"]) == ("completed", TRIALS)
    report = any_service.http.get(f"/v1/studies/{study['id']}/report")
    assert report.status_code == 200, report.text
    assert [rule["results"] for rule in report.json()["groups"][0]["rules"]] == [TRIALS // 2] * 2
