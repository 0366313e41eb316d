#!/usr/bin/env bash
# The life of a citizen's dossier over HTTPS: GATEWAY=... ./life.sh COUNTER AGENCY
# COUNTER and AGENCY are names; COUNTER.curl and AGENCY.curl hold their tokens, as `hub participants add` prints them.
set -euo pipefail
counter=$1 agency=$2
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

ask() { # ask WHO TYPE SUBJECT < DATA: sends a request; its receipt is $receipt
  local id
  id=$(cat /proc/sys/kernel/random/uuid)
  cat > "$work/request.json"
  # 202 means stored but not decided yet, 503 or no answer that nobody knows: the same request may be sent again.
  curl -K "$1.curl" "$GATEWAY/v1/events" -o "$work/answer.json" \
    -H 'ce-specversion: 1.0' -H "ce-id: $id" -H "ce-source: /participants/$1" -H "ce-type: onestop.$2.v1" \
    -H "ce-time: $(date -u +%FT%TZ)" -H "ce-subject: $3" \
    -H 'content-type: application/json' --data-binary @"$work/request.json"
  while grep -q '"receipt_url"\|"receipt.unknown"' "$work/answer.json"; do
    curl -K "$1.curl" "$GATEWAY/v1/receipts/$id?wait=30" -o "$work/answer.json"
  done
  receipt=$(cat "$work/answer.json")
  if ! grep -q '"facts":' <<< "$receipt"; then
    echo "$2 was refused: $receipt" >&2
    exit 1
  fi
  echo "$1: $2 accepted"
}

wait_for() { # wait_for WHO TYPE: until the hub has told this fact of $dossier
  # A program of yours stores the cursor and goes on behind it; without one it reads from the oldest message kept.
  touch "$work/$1.cursor" "$work/$1.told"
  until grep -q "\"type\":\"onestop.$2.v1\".*\"partitionkey\":\"$dossier\"" "$work/$1.told"; do
    curl -K "$1.curl" "$GATEWAY/v1/messages?wait=10&cursor=$(cat "$work/$1.cursor")" -o "$work/messages.json"
    sed 's/.*"cursor":"\([^"]*\)"}$/\1/' "$work/messages.json" > "$work/$1.cursor"
    sed 's/{"specversion"/\n&/g' "$work/messages.json" >> "$work/$1.told"
  done
  echo "$1: was told $2"
}

field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" <<< "$receipt"; }

officer='{"account": "canbo.mau", "name": "Lê Thị Thí Dụ"}'
head='{"account": "lanhdao.mau", "name": "Phạm Thị Lãnh Đạo Mẫu"}'
person='"name": "Nguyễn Văn Thử", "identity_number": "083090000001", "birth_date": "1990-01-02"'
components='[{"code": "000.00.00.G15-KQ003448", "originals": 1}]'
# The other papers that are published for this procedure: the officer confirms that nobody needs them here.
absent='["000.00.00.G15-KQ003453", "000.00.00.G15-KQ003454", "000.00.00.G15-KQ004946",
  "000.00.00.G15-KQ003785", "000.00.00.G15-KQ004012"]'

ask "$counter" dossier.submit "ref:HS-$(cat /proc/sys/kernel/random/uuid)" <<END
{"procedure": "1.004873", "organisation": "000.12.34.H07", "agency": "000.12.35.H07",
 "channel": "in_person", "return_channel": "in_person", "applicant": {"kind": "citizen", $person},
 "components": $components}
END
dossier=$(field dossier)
wait_for "$counter" dossier.submitted
ask "$counter" identity.verify "$dossier" <<< "{\"person\": {$person}, \"officer_account\": \"canbo.mau\"}"
wait_for "$counter" identity.matched
ask "$counter" dossier.accept "$dossier" \
  <<< "{\"officer\": $officer, \"components\": $components, \"not_needed\": $absent}"
code=$(field code)
ask "$counter" dossier.forward "$code" <<< "{\"officer\": $officer, \"to\": \"000.12.35.H07\"}"

wait_for "$agency" dossier.forwarded
ask "$agency" dossier.receive "$code" <<< "{\"officer\": $head}"
ask "$agency" case.assign "$code" <<< '{"assignee": {"account": "chuyenvien.mau", "name": "Đỗ Văn Ví Dụ"}}'
ask "$agency" result.issue "$code" <<END
{"papers": [{"code": "KQ.G15.000038", "number": "0001/GIA-DINH"}], "signer": $head}
END

wait_for "$counter" result.issued
ask "$counter" result.return "$code" <<END
{"channel": "in_person", "papers": ["KQ.G15.000038"], "received_by": "Nguyễn Văn Thử"}
END
wait_for "$counter" result.returned
echo "returned: $code"
