-- What a mail says the balance is may be beyond any single amount: all that 64 bits hold as cents.
ALTER TABLE tenant_mail MODIFY montant DECIMAL(19,2) NOT NULL;
