-- words of lines that an earlier version kept in clear
select message as id, line as content from portal_line where line is not null and get_byte(line, 0) = 123 limit 500
