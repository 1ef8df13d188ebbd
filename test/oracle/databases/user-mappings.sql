{{SHOP}}
CREATE USER MAPPING FOR oracle_etl SERVER shop OPTIONS (user 'reader', password '{{SOURCE_PASSWORD}}', password_required 'true');
CREATE USER MAPPING FOR "Oracle ""Reader""" SERVER shop;
