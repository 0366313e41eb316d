-- What was paid on each day of a quarter (9.10) is found by itself: by its time alone, in ranges of pages, each day read all
-- facts that came since the table was vacuumed.

create index fact_paid on fact (time) where type = 'onestop.payment.recorded.v1';
