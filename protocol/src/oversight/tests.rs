use super::*;

fn shown<T: Serialize>(value: &T) -> String {
    serde_json::to_string_pretty(value).expect("JSON")
}

fn registers() -> Registers {
    Registers {
        now_ms: 1_764_000_000_000,
        requests: vec![
            DataRequest {
                number: 1,
                right: DataRight::Erasure,
                law: DataLaw::Gdpr,
                handle: Some("bob@acme".into()),
                received_ms: 1_761_000_000_000,
                due_ms: 1_763_678_400_000,
                extended_ms: None,
                answered_ms: None,
                outcome: None,
                overdue_ms: 321_600_000,
            },
            DataRequest {
                number: 2,
                right: DataRight::Access,
                law: DataLaw::Ccpa,
                handle: None,
                received_ms: 1_761_000_000_000,
                due_ms: 1_768_776_000_000,
                extended_ms: Some(1_762_000_000_000),
                answered_ms: Some(1_763_000_000_000),
                outcome: Some(DataOutcome::Refused),
                overdue_ms: 0,
            },
        ],
        requests_left: 0,
        incidents: vec![DataIncident {
            number: 1,
            kind: "availability".into(),
            what: "the disk was full".into(),
            noticed_ms: 1_763_900_000_000,
            affected: None,
            rules: vec![NoticeRule::Gdpr, NoticeRule::Nis2, NoticeRule::Dora],
            closed_ms: None,
            clocks: [
                NoticeName::OneDay,
                NoticeName::ThreeDays,
                NoticeName::OneMonth,
            ]
            .map(|name| NoticeClock {
                name,
                due_ms: 1_763_986_400_000,
                met_ms: (name == NoticeName::OneDay).then_some(1_763_950_000_000),
                overdue_ms: 0,
            })
            .to_vec(),
        }],
        incidents_left: 3,
    }
}

fn health() -> RelayHealth {
    RelayHealth {
        version: "1.0.0".into(),
        now_ms: 1_764_000_900_000,
        started_ms: 1_764_000_000_000,
        step_s: HEALTH_STEP_S,
        points: vec![HealthPoint {
            at_ms: 1_764_000_900_000,
            connections: 20,
            group_connections: 10,
            messages: 130,
            refused: 0,
            failed: 0,
            database_bytes: 1 << 24,
            blob_bytes: 1 << 25,
            free_bytes: Some(1 << 34),
        }],
        logs: vec![LogHealth {
            log: "audit".into(),
            entries: 7,
            published_ms: Some(1_764_000_100_000),
            cosigned_ms: None,
            witnesses: 2,
            quorum: 1,
        }],
        logs_halted: false,
        drill: Some(DrillHealth {
            ended_ms: 1_763_000_000_000,
            ok: true,
        }),
    }
}

#[test]
fn registers_stay() {
    let json = shown(&registers());
    assert_eq!(
        serde_json::from_str::<Registers>(&json).expect("its own JSON"),
        registers()
    );
    insta::assert_snapshot!(json);
}

#[test]
fn health_stays() {
    let json = shown(&health());
    assert_eq!(
        serde_json::from_str::<RelayHealth>(&json).expect("its own JSON"),
        health()
    );
    insta::assert_snapshot!(json);
}

#[test]
fn small_counts_cannot_be_told_apart() {
    for count in 0..10 {
        assert_eq!(coarse(count), 0);
    }
    assert_eq!((coarse(10), coarse(19), coarse(20)), (10, 10, 20));
    assert_eq!(coarse_bytes((16 << 20) - 1), 0);
    assert_eq!(coarse_bytes((48 << 20) + 5), 48 << 20);
    assert_eq!(coarse(u64::MAX) % 10, 0);
}
