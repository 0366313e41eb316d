create index tax_office_notice_dossier on tax_office_notice (dossier);
