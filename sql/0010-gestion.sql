-- Gestion: landlords and what they own.
--
-- Identifiers are the API's 24 hexadecimal digits as 12 bytes. `seq` keeps the order in which things were added, which
-- neither the identifier nor date_created tells once a portfolio has been imported. Every row names its landlord, and the
-- foreign keys include that column: a row cannot hang under another landlord's.
-- A NULL is an attribute the owner never set: the API leaves it out (quit_date and born_date excepted, which it shows as
-- null). Attributes that no rule uses share the JSON column `attributes`, in the API's own names.

CREATE TABLE IF NOT EXISTS developer_key (
	id INT UNSIGNED NOT NULL AUTO_INCREMENT,
	name VARCHAR(100) NOT NULL,
	key_hash BINARY(32) NOT NULL,
	disabled_at DATETIME(3) NULL,
	created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
	PRIMARY KEY (id),
	UNIQUE KEY developer_key_name (name),
	UNIQUE KEY developer_key_hash (key_hash)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS user_account (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	username VARCHAR(100) NOT NULL,
	email VARCHAR(254) NULL,
	password_hash VARBINARY(255) NOT NULL,
	first_name VARCHAR(100) NOT NULL DEFAULT '',
	last_name VARCHAR(100) NOT NULL DEFAULT '',
	premium_offer VARCHAR(50) NULL,
	premium_end DATETIME NULL,
	portfolio_version BIGINT UNSIGNED NOT NULL DEFAULT 1,
	disabled_at DATETIME(3) NULL,
	created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
	PRIMARY KEY (id),
	UNIQUE KEY user_account_username (username),
	UNIQUE KEY user_account_email (email)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE IF NOT EXISTS operation_type (
	id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	name VARCHAR(100) NOT NULL,
	positive BOOLEAN NOT NULL,
	needs_tenant BOOLEAN NOT NULL,
	form_2044_line SMALLINT UNSIGNED NULL,
	PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS immeuble (
	id BINARY(12) NOT NULL,
	user_id BIGINT UNSIGNED NOT NULL,
	seq BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	name VARCHAR(255) NULL,
	type VARCHAR(40) NULL,
	active BOOLEAN NULL,
	robot BOOLEAN NULL,
	address VARCHAR(255) NULL,
	ville VARCHAR(255) NULL,
	villevalue VARCHAR(255) NULL,
	ville_seule VARCHAR(255) NULL,
	codepostal VARCHAR(20) NULL,
	country VARCHAR(80) NULL,
	country_long VARCHAR(80) NULL,
	surface DECIMAL(10,2) NULL,
	milliemes INT UNSIGNED NULL,
	prixnet DECIMAL(12,2) NULL,
	prixtoday DECIMAL(12,2) NULL,
	comagence DECIMAL(12,2) NULL,
	comcourtier DECIMAL(12,2) NULL,
	fraisnotaire DECIMAL(12,2) NULL,
	meubles DECIMAL(12,2) NULL,
	travauxr DECIMAL(12,2) NULL,
	date_achat DATE NULL,
	date_created DATETIME(3) NULL,
	date_last_modified DATETIME(3) NULL,
	options LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL CHECK (JSON_VALID(options)),
	attributes LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL CHECK (JSON_VALID(attributes)),
	PRIMARY KEY (id),
	UNIQUE KEY immeuble_seq (seq),
	UNIQUE KEY immeuble_owner (user_id, id),
	KEY immeuble_order (user_id, seq),
	CONSTRAINT immeuble_user FOREIGN KEY (user_id) REFERENCES user_account (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS emprunt (
	immeuble_id BINARY(12) NOT NULL,
	user_id BIGINT UNSIGNED NOT NULL,
	idx INT UNSIGNED NOT NULL,
	montant DECIMAL(12,2) NULL,
	taux DECIMAL(9,4) NULL,
	type_emprunt VARCHAR(40) NULL,
	mensualite DECIMAL(12,2) NULL,
	mensualite_assurance DECIMAL(12,2) NULL,
	date_first DATE NULL,
	date_last DATE NULL,
	attributes LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL CHECK (JSON_VALID(attributes)),
	PRIMARY KEY (user_id, immeuble_id, idx),
	CONSTRAINT emprunt_immeuble FOREIGN KEY (user_id, immeuble_id) REFERENCES immeuble (user_id, id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS declaration (
	immeuble_id BINARY(12) NOT NULL,
	user_id BIGINT UNSIGNED NOT NULL,
	position INT UNSIGNED NOT NULL,
	id BINARY(12) NOT NULL,
	year SMALLINT UNSIGNED NULL,
	regime VARCHAR(20) NULL,
	type VARCHAR(20) NULL,
	attributes LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL CHECK (JSON_VALID(attributes)),
	PRIMARY KEY (user_id, immeuble_id, position),
	CONSTRAINT declaration_immeuble FOREIGN KEY (user_id, immeuble_id) REFERENCES immeuble (user_id, id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS bien (
	id BINARY(12) NOT NULL,
	user_id BIGINT UNSIGNED NOT NULL,
	immeuble_id BINARY(12) NOT NULL,
	seq BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	nom VARCHAR(255) NULL,
	type VARCHAR(40) NULL,
	pieces VARCHAR(20) NULL,
	active BOOLEAN NULL,
	robot BOOLEAN NULL,
	surface DECIMAL(10,2) NULL,
	milliemes INT UNSIGNED NULL,
	etage INT NULL,
	chambres INT UNSIGNED NULL,
	energy VARCHAR(20) NULL,
	ges VARCHAR(20) NULL,
	annonce_title VARCHAR(255) NULL,
	annonce_desc MEDIUMTEXT NULL,
	date_created DATETIME(3) NULL,
	date_last_modified DATETIME(3) NULL,
	attributes LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL CHECK (JSON_VALID(attributes)),
	PRIMARY KEY (id),
	UNIQUE KEY bien_seq (seq),
	UNIQUE KEY bien_owner (user_id, id),
	UNIQUE KEY bien_immeuble_id (user_id, immeuble_id, id),
	KEY bien_order (user_id, immeuble_id, seq),
	CONSTRAINT bien_immeuble FOREIGN KEY (user_id, immeuble_id) REFERENCES immeuble (user_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS locataire (
	id BINARY(12) NOT NULL,
	user_id BIGINT UNSIGNED NOT NULL,
	immeuble_id BINARY(12) NOT NULL,
	bien_id BINARY(12) NOT NULL,
	seq BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	nom VARCHAR(255) NOT NULL,
	prenom VARCHAR(255) NOT NULL,
	`precision` TEXT NULL,
	email VARCHAR(254) NULL,
	phone VARCHAR(40) NULL,
	loyer DECIMAL(12,2) NOT NULL,
	provision DECIMAL(12,2) NOT NULL,
	indice_revision TINYINT UNSIGNED NULL CHECK (indice_revision <= 4),
	signature_date DATE NULL,
	entry_date DATE NOT NULL,
	quit_date DATE NULL,
	day_loyer TINYINT UNSIGNED NULL CHECK (day_loyer BETWEEN 1 AND 31),
	type_location TINYINT UNSIGNED NULL CHECK (type_location <= 1),
	depot_garantie TINYINT UNSIGNED NULL,
	address1 VARCHAR(255) NULL,
	address2 VARCHAR(255) NULL,
	ville VARCHAR(255) NULL,
	codepostal VARCHAR(20) NULL,
	country VARCHAR(80) NULL,
	born_date DATE NULL,
	born_location VARCHAR(255) NULL,
	nationality VARCHAR(100) NULL,
	revisions LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL CHECK (JSON_VALID(revisions)),
	revisions_pc LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL CHECK (JSON_VALID(revisions_pc)),
	loyer_last DECIMAL(12,2) NOT NULL,
	provision_last DECIMAL(12,2) NOT NULL,
	robot BOOLEAN NULL,
	date_created DATETIME(3) NULL,
	date_last_modified DATETIME(3) NULL,
	attributes LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL CHECK (JSON_VALID(attributes)),
	PRIMARY KEY (id),
	UNIQUE KEY locataire_seq (seq),
	UNIQUE KEY locataire_owner (user_id, id),
	KEY locataire_bien_order (user_id, bien_id, entry_date DESC, seq),
	KEY locataire_immeuble_order (user_id, immeuble_id, entry_date DESC, seq),
	CONSTRAINT locataire_bien FOREIGN KEY (user_id, immeuble_id, bien_id) REFERENCES bien (user_id, immeuble_id, id),
	CONSTRAINT locataire_dates CHECK (quit_date IS NULL OR quit_date > entry_date)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS operation (
	id BINARY(12) NOT NULL,
	user_id BIGINT UNSIGNED NOT NULL,
	immeuble_id BINARY(12) NOT NULL,
	seq BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	locataire_id BINARY(12) NULL,
	type_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	montant DECIMAL(12,2) NOT NULL CHECK (montant > 0),
	montant_teom DECIMAL(12,2) NULL CHECK (montant_teom >= 0),
	operation_date DATE NOT NULL,
	description TEXT NULL,
	paid BOOLEAN NOT NULL,
	auto BOOLEAN NOT NULL,
	robot BOOLEAN NULL,
	emprunt_idx INT UNSIGNED NULL,
	date_debut DATE NULL,
	date_fin DATE NULL,
	copied_from BINARY(12) NULL,
	date_created DATETIME(3) NOT NULL,
	date_last_modified DATETIME(3) NULL,
	attributes LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL CHECK (JSON_VALID(attributes)),
	PRIMARY KEY (id),
	UNIQUE KEY operation_seq (seq),
	UNIQUE KEY operation_owner (user_id, id),
	UNIQUE KEY operation_copied_from (copied_from),
	KEY operation_order (user_id, immeuble_id, operation_date DESC, date_created, seq),
	KEY operation_unpaid (user_id, paid, immeuble_id),
	KEY operation_locataire (user_id, locataire_id, type_id, operation_date),
	CONSTRAINT operation_immeuble FOREIGN KEY (user_id, immeuble_id) REFERENCES immeuble (user_id, id),
	CONSTRAINT operation_of_locataire FOREIGN KEY (user_id, locataire_id) REFERENCES locataire (user_id, id),
	CONSTRAINT operation_of_type FOREIGN KEY (type_id) REFERENCES operation_type (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- The documented types, and the usual ones of a French rental in the same style; form_2044_line is the line of the
-- declaration of revenus fonciers (formulaire 2044) they belong to.
INSERT INTO operation_type (id, name, positive, needs_tenant, form_2044_line) VALUES
	('recetteLoyer', 'Recette Loyers Hors Charges', TRUE, TRUE, 211),
	('recetteLoyerProvision', 'Recette Provision Charges Locataire', TRUE, TRUE, NULL),
	('recetteCaf', 'Recette CAF (APL/ACL)', TRUE, TRUE, 211),
	('recetteReguLocataire', 'Recette Régularisation Charges Locataire', TRUE, TRUE, NULL),
	('chargeReguLocataire', 'Charge Régularisation Charges Locataire', FALSE, TRUE, NULL),
	('chargeTF', 'Taxe Foncière', FALSE, FALSE, 227),
	('recetteTEOM', 'Recette Remboursement TEOM', TRUE, TRUE, NULL),
	('recetteChargesConvention', 'Recette Dépenses mises à la charge du locataire', TRUE, TRUE, 212),
	('recetteAssurance', 'Recette Indemnité Assurance', TRUE, FALSE, 213),
	('recetteSubvention', 'Recette Subvention Anah', TRUE, FALSE, 213),
	('recetteDepotGarantie', 'Recette Dépôt de Garantie', TRUE, TRUE, NULL),
	('recetteDepotRetenu', 'Recette Dépôt de Garantie conservé', TRUE, TRUE, 213),
	('recetteDiverse', 'Recette Diverse', TRUE, FALSE, 213),
	('chargeDepotGarantie', 'Restitution Dépôt de Garantie', FALSE, TRUE, NULL),
	('chargeGestion', 'Frais d''Administration et de Gestion', FALSE, FALSE, 221),
	('chargeAssurance', 'Prime d''Assurance', FALSE, FALSE, 223),
	('chargeTravaux', 'Réparation, Entretien, Amélioration', FALSE, FALSE, 224),
	('chargeNonRecuperee', 'Charges non récupérées au départ', FALSE, FALSE, 225),
	('chargeEviction', 'Indemnité d''Éviction, Relogement', FALSE, FALSE, 226),
	('chargeCopro', 'Provisions Copropriété', FALSE, FALSE, 229),
	('chargeCoproRegu', 'Régularisation Copropriété', FALSE, FALSE, 230),
	('recetteCoproRegu', 'Recette Régularisation Copropriété', TRUE, FALSE, 230),
	('chargeEmpruntInterets', 'Intérêts d''Emprunt', FALSE, FALSE, 250),
	('chargeEmpruntAssurance', 'Assurance d''Emprunt', FALSE, FALSE, 250),
	('chargeEmpruntCapital', 'Capital Remboursé', FALSE, FALSE, NULL),
	('chargeRecuperable', 'Charge Récupérable', FALSE, FALSE, NULL),
	('chargeNonDeductible', 'Charge non Déductible', FALSE, FALSE, NULL)
ON DUPLICATE KEY UPDATE name = VALUE(name);
